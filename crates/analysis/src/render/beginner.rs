//! The beginner style: what it is for, what goes in and out, what happens, and the words needed to read it.

use super::{Shown, View, capital, class_word, name_words, technical, third_person};
use crate::facts::{Class, ClassKind, ExprKind, StepKind, each_step};
use crate::idioms;
use crate::render::narrate::Told;
use crate::render::wording::{code, join};
use crate::text::Put;

/// Most lines of one walk: a beginner reads an outline, not every statement.
const WALK_MAX: usize = 40;

pub(super) fn render(view: &View<'_, '_>) -> String {
    let functions = view.functions();
    let classes = view.classes();
    let mut out = "# What this code does\n\n".to_owned();
    out.push_str(&overview(view, &functions, &classes));
    for (class, _) in &classes {
        describe_class(class, &mut out);
    }
    let mut words: Vec<(String, String)> = Vec::new();
    let mut warnings: Vec<String> = Vec::new();
    for shown in &functions {
        function(shown, functions.len() == 1, &mut out);
        for idiom in idioms::find(&shown.scope, shown.function, shown.step.line) {
            add_word(&mut words, idiom.name, idiom.meaning);
        }
        construct_words(shown, &mut words);
        let edges = technical::edge_cases(shown);
        warnings.extend(
            edges
                .into_iter()
                .filter(|edge| !edge.contains("ends early"))
                .map(|edge| format!("In {}, {edge}.", shown.full_name())),
        );
    }
    let main = view.main_steps();
    if !main.is_empty() {
        out.push_str(if functions.is_empty() {
            "\n## What happens\n\n"
        } else {
            "\n## When the file is run\n\n"
        });
        walk(&main, &mut out);
    }
    if !words.is_empty() {
        out.push_str("\n## Words to know\n\n");
        for (word, meaning) in words.iter().take(10) {
            out.put(format_args!("- **{}**: {meaning}.\n", capital(word)));
        }
    }
    if !warnings.is_empty() {
        out.push_str("\n## Watch out\n\n");
        for warning in warnings.iter().take(6) {
            out.put(format_args!("- {warning}\n"));
        }
    }
    out
}

fn overview(
    view: &View<'_, '_>,
    functions: &[Shown<'_, '_>],
    classes: &[(&Class<'_>, &crate::facts::Step<'_>)],
) -> String {
    let language = view.language.title();
    match (functions, classes) {
        ([], []) => {
            format!("This is {language} code: a list of steps that run from top to bottom.\n")
        }
        ([only], []) => format!(
            "This is {language} code with one function, {}. {}\n",
            only.full_name(),
            purpose(only)
        ),
        _ => {
            let mut parts = Vec::new();
            if !classes.is_empty() {
                let names: Vec<String> = classes
                    .iter()
                    .take(6)
                    .map(|(class, _)| {
                        format!("the {} {}", class_word(class.kind), code(class.name))
                    })
                    .collect();
                parts.push(join(&names, "and"));
            }
            let free: Vec<String> = functions
                .iter()
                .filter(|shown| shown.class.is_none())
                .take(8)
                .map(Shown::full_name)
                .collect();
            if !free.is_empty() {
                parts.push(format!(
                    "the function{} {}",
                    if free.len() == 1 { "" } else { "s" },
                    join(&free, "and")
                ));
            }
            format!(
                "This is {language} code that defines {}.\n",
                join(&parts, "and")
            )
        }
    }
}

/// What a function is for: its author's words, or what its name suggests, and never more.
fn purpose(shown: &Shown<'_, '_>) -> String {
    let function = shown.function;
    if let Some(doc) = &function.doc {
        return format!("Its author describes it so: “{doc}”");
    }
    if function.is_constructor {
        return "It runs when a new object is made.".to_owned();
    }
    let words = name_words(function.name);
    if function.name == "main" {
        return "The program starts here.".to_owned();
    }
    if words.len() > 2 && !function.name.starts_with("__") {
        format!("Its name suggests: “{words}”.")
    } else {
        String::new()
    }
}

fn describe_class(class: &Class<'_>, out: &mut String) {
    if class.kind == ClassKind::Namespace {
        return;
    }
    out.put(format_args!(
        "\n## The {} {}\n\n",
        class_word(class.kind),
        code(class.name)
    ));
    if let Some(doc) = &class.doc {
        out.put(format_args!("Its author describes it so: “{doc}” "));
    }
    let mut fields: Vec<String> = class
        .fields
        .iter()
        .take(12)
        .map(|field| code(field.name))
        .collect();
    if fields.is_empty() {
        fields = own_fields(class);
    }
    match (class.kind, fields.as_slice()) {
        (_, []) => {}
        (ClassKind::Enum, _) => out.put(format_args!("It is one of {}. ", join(&fields, "or"))),
        (ClassKind::Interface, _) => out.put(format_args!(
            "It says what something of this kind has: {}. ",
            join(&fields, "and")
        )),
        _ => out.put(format_args!("Each one holds {}. ", join(&fields, "and"))),
    }
    let methods: Vec<String> = class
        .body
        .iter()
        .filter_map(|step| match &step.kind {
            StepKind::Function(function) if !function.is_constructor => Some(code(function.name)),
            _ => None,
        })
        .take(12)
        .collect();
    if !methods.is_empty() {
        out.put(format_args!(
            "You can ask it for {}.",
            join(&methods, "and")
        ));
    }
    while out.ends_with(' ') {
        out.pop();
    }
    out.push('\n');
}

/// What a constructor sets on the new object, when the class declares no fields.
fn own_fields(class: &Class<'_>) -> Vec<String> {
    let mut fields = Vec::new();
    for step in &class.body {
        let StepKind::Function(function) = &step.kind else {
            continue;
        };
        if !function.is_constructor {
            continue;
        }
        each_step(&function.body, &mut |inner| {
            if let StepKind::Assign { target, .. } = &inner.kind
                && let ExprKind::Member { object, name } = &target.kind
                && matches!(object.text, "self" | "this")
                && !fields.contains(&code(name))
            {
                fields.push(code(name));
            }
        });
    }
    fields
}

fn function(shown: &Shown<'_, '_>, is_only: bool, out: &mut String) {
    let function = shown.function;
    out.put(format_args!(
        "\n## {}\n\n",
        if is_only {
            "How it works".to_owned()
        } else {
            shown.full_name()
        }
    ));
    let purpose = purpose(shown);
    let is_told_above = is_only && shown.class.is_none();
    if !is_told_above && !purpose.is_empty() {
        out.put(format_args!("{purpose}\n\n"));
    }
    out.put(format_args!("**You give it** {}\n\n", inputs(shown)));
    out.put(format_args!("**You get back** {}\n\n", output(shown)));
    let told = shown.scope.narrate(&function.body);
    if told.is_empty() {
        out.push_str(if function.has_body {
            "It does nothing.\n"
        } else {
            "What it does is written elsewhere.\n"
        });
        return;
    }
    out.push_str("**What happens:**\n\n");
    walk(&told, out);
}

fn walk(told: &[Told], out: &mut String) {
    let show = |told: &Told| {
        let end = if told.inner.is_empty() { '.' } else { ':' };
        format!("{}{end}", capital(&third_person(&told.text)))
    };
    super::write_walk(told, 0, false, &show, &mut WALK_MAX.clone(), out);
}

fn inputs(shown: &Shown<'_, '_>) -> String {
    let names: Vec<String> = shown
        .function
        .parameters
        .iter()
        .filter(|parameter| !parameter.is_receiver && !parameter.name.is_empty())
        .map(|parameter| {
            let mut text = code(parameter.name);
            if parameter.is_rest {
                text.push_str(" (as many as you like)");
            } else if let Some(default) = parameter.default {
                text.put(format_args!(
                    " (optional: {} if you leave it out)",
                    code(default)
                ));
            } else if let Some(type_text) = &parameter.type_text {
                text.put(format_args!(" (of type {})", code(type_text)));
            }
            text
        })
        .collect();
    if names.is_empty() {
        "nothing.".to_owned()
    } else {
        format!("{}.", join(&names, "and"))
    }
}

fn output(shown: &Shown<'_, '_>) -> String {
    if shown.function.is_constructor {
        return "the new object.".to_owned();
    }
    if shown.function.is_generator {
        return "values, one at a time, as you ask for them.".to_owned();
    }
    let mut values: Vec<String> = Vec::new();
    let mut has_bare_return = false;
    each_step(&shown.function.body, &mut |step| match &step.kind {
        StepKind::Return {
            value: Some(value), ..
        } => {
            let text = shown.scope.noun(value);
            if !values.contains(&text) {
                values.push(text);
            }
        }
        StepKind::Return { value: None, .. } => has_bare_return = true,
        _ => {}
    });
    if values.is_empty() {
        return if has_bare_return || shown.function.has_body {
            "no value; it is there for what it does.".to_owned()
        } else {
            "what its declaration says.".to_owned()
        };
    }
    let more = if values.len() > 4 {
        " (or something else: there are more ways out)"
    } else {
        ""
    };
    format!(
        "{}{more}{}.",
        join(values.get(..values.len().min(4)).unwrap_or(&values), "or"),
        if values.len() > 1 && more.is_empty() {
            ", depending on what happens"
        } else {
            ""
        }
    )
}

fn add_word(words: &mut Vec<(String, String)>, word: &str, meaning: &str) {
    if !words.iter().any(|(known, _)| known == word) {
        words.push((word.to_owned(), meaning.to_owned()));
    }
}

/// The plain constructs that are used.
fn construct_words(shown: &Shown<'_, '_>, words: &mut Vec<(String, String)>) {
    each_step(&shown.function.body, &mut |step| match &step.kind {
        StepKind::ForEach { .. } | StepKind::Count { .. } => {
            add_word(words, "`for` loop", "repeats its steps once for each thing");
        }
        StepKind::While { .. } => add_word(
            words,
            "`while` loop",
            "repeats its steps as long as a condition holds",
        ),
        StepKind::Break => add_word(
            words,
            "`break`",
            "leaves the loop (or the choice) around it at once",
        ),
        StepKind::Continue => add_word(words, "`continue`", "skips to the next round of the loop"),
        StepKind::Raise(_) => add_word(
            words,
            "raising an error",
            "stops the work and tells the caller what went wrong",
        ),
        _ => {}
    });
}
