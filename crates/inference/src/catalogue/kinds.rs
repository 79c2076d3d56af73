//! What the way is called in which the numbers of a model are stored.

use super::check::as_u64;
use crate::gguf::Header;

/// The file's own word for how it is stored, else the kind of most of its numbers.
pub(crate) fn find_quantisation(header: &Header) -> String {
    let named = header
        .find("general.file_type")
        .and_then(as_u64)
        .and_then(name_file_type);
    if let Some(name) = named {
        return name.to_owned();
    }
    let mut sizes: Vec<(&str, u64)> = Vec::new();
    for tensor in &header.tensors {
        let count = tensor.shape.iter().product::<u64>();
        match sizes.iter_mut().find(|(name, _)| *name == tensor.kind.name) {
            Some((_, sum)) => *sum = sum.saturating_add(count),
            None => sizes.push((tensor.kind.name, count)),
        }
    }
    let most = sizes.into_iter().max_by_key(|(_, count)| *count);
    most.map_or("unknown", |(name, _)| name).to_owned()
}

/// The name of a `general.file_type` (`llama_ftype`).
const fn name_file_type(number: u64) -> Option<&'static str> {
    Some(match number {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        7 => "Q8_0",
        8 => "Q5_0",
        9 => "Q5_1",
        10 => "Q2_K",
        11 => "Q3_K_S",
        12 => "Q3_K_M",
        13 => "Q3_K_L",
        14 => "Q4_K_S",
        15 => "Q4_K_M",
        16 => "Q5_K_S",
        17 => "Q5_K_M",
        18 => "Q6_K",
        19 => "IQ2_XXS",
        20 => "IQ2_XS",
        21 => "Q2_K_S",
        22 => "IQ3_XS",
        23 => "IQ3_XXS",
        24 => "IQ1_S",
        25 => "IQ4_NL",
        26 => "IQ3_S",
        27 => "IQ3_M",
        28 => "IQ2_S",
        29 => "IQ2_M",
        30 => "IQ4_XS",
        31 => "IQ1_M",
        32 => "BF16",
        36 => "TQ1_0",
        37 => "TQ2_0",
        38 => "MXFP4",
        _ => return None,
    })
}
