"""Makes minilm-golden.json: 20 sentences with the counts of tokens and the vectors that sentence-transformers gives them.

Usage: python make_golden.py MODEL_FOLDER OUT.json
MODEL_FOLDER is the published all-MiniLM-L6-v2 with modules.json and 1_Pooling. Needs sentence-transformers and torch.
"""

import json
import sys

from sentence_transformers import SentenceTransformer

SENTENCES = [
    "How do I reverse a linked list?",
    "The quick brown fox jumps over the lazy dog.",
    "def add(a, b):\n    \"\"\"Return the sum.\"\"\"\n    return a + b",
    "SELECT name, COUNT(*) FROM users WHERE age >= 18 GROUP BY name ORDER BY 2 DESC;",
    "for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; } // dot product",
    "Wie öffne ich eine Datei in Python und lese sie zeilenweise?",
    "Die Straße führt über die Brücke; Müller grüßt höflich.",
    "I love this 🎉🚀 it works 👍",
    "x",
    "?",
    "...!?",
    "  --  ",
    "如何在列表中查找最大值?",
    "CamelCase and snake_case and SCREAMING_CASE, MiXeD",
    "Café naïve résumé coöperate Ångström",
    "tabs\tand\nnewlines\r\nand   many     spaces",
    "O(n log n) ≤ O(n²) → ∑ x_i ≈ π",
    "Unbelievably antidisestablishmentarian tokenisation hyperparameters",
    "[CLS-like] brackets, e-mail a.b@example.org, 3.14159 and 1_000_000",
    " ".join(
        f"Step {number}: compare the key with the element in the middle, then go on in the half that can hold it."
        for number in range(1, 31)
    ),
]


def main() -> None:
    model = SentenceTransformer(sys.argv[1], device="cpu")
    lengths = [len(ids) for ids in model.tokenizer(SENTENCES)["input_ids"]]
    assert len(SENTENCES) == 20 and max(lengths) > 256 and min(lengths) == 3, lengths
    vectors = model.encode(SENTENCES, batch_size=1, normalize_embeddings=True)
    cases = [
        {
            "text": text,
            "tokens": min(length, model.max_seq_length),
            "vector": [round(float(value), 8) for value in vector],
        }
        for text, length, vector in zip(SENTENCES, lengths, vectors, strict=True)
    ]
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        json.dump({"max_seq_length": model.max_seq_length, "cases": cases}, out, ensure_ascii=False)
        out.write("\n")


if __name__ == "__main__":
    main()
