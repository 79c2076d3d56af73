//! Runs a template: foreign code in a small language. It has no files, no other templates and no clock of its own; its steps,
//! its memory and its output are bounded, and it runs on a stack that the deepest values it can make with them fit on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use domain::models::writing::Speaker;
use domain::time::Timestamp;
use minijinja::machinery::{
    CompiledTemplate, TemplateConfig, Token, eval, make_string_output, tokenize,
};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

use super::instrument::instrument;
use super::json::to_json;
use super::{SpecialTokens, moment, weight};

/// Longest template that is read. Published ones have under 20 KiB.
const SOURCE_BYTES_MAX: usize = 256 * 1024;
/// Steps of a run; what is made and walked costs more ([`weight`]). Published templates take
/// under 250 for each message.
pub(super) const FUEL: u64 = 400_000;
/// Nesting of blocks, macros and calls.
const NESTING_MAX: usize = 120;
/// Longest output, marks included.
pub(super) const OUTPUT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Stack of a run. Values nested as deep as the steps allow are dropped by recursion; only the pages that are used cost memory.
const STACK_BYTES: usize = 256 * 1024 * 1024;
/// Longest reason that is passed on: templates write some of them.
const REASON_CHARS_MAX: usize = 200;
/// The only template there is.
const NAME: &str = "chat";
/// Most words, numbers and signs between two braces. The compiler looks at the rest of a sum for each that is added.
const TOKENS_MAX: usize = 4096;
/// Words after which a bracket begins a list.
const WORDS_BEFORE_VALUES: [&str; 8] = ["and", "else", "elif", "if", "in", "is", "not", "or"];
/// Filters of the engine that join lists without counting what they make.
const UNBOUNDED_FILTERS: [(&str, &str); 3] = [
    ("zip", "the filter `zip` is not available to it"),
    ("sum", "the filter `sum` is not available to it"),
    ("chain", "the filter `chain` is not available to it"),
];

/// Why a run has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It failed, or refuses the conversation; another form of it may do.
    Refused(String),
    /// It is too long or does not end. Another form would take as long.
    Exhausted(String),
}

impl Fault {
    pub(super) fn reason(self) -> String {
        match self {
            Self::Refused(reason) | Self::Exhausted(reason) => reason,
        }
    }
}

/// A compiled template with everything it may use.
#[derive(Debug)]
pub(super) struct Sandbox {
    environment: Environment<'static>,
    syntax: SyntaxConfig,
    source: String,
    tokens: SpecialTokens,
}

impl Sandbox {
    /// Compiles a template.
    ///
    /// # Errors
    /// [`Fault`] when it is too long or does not follow the language.
    pub(super) fn new(source: &str, tokens: SpecialTokens) -> Result<Self, Fault> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(Fault::Exhausted(format!(
                "it has {} bytes, and at most {SOURCE_BYTES_MAX} are read",
                source.len()
            )));
        }
        let mut environment = Environment::new();
        // The settings of the `transformers` library, for which published templates are written.
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .expect("BUG: the usual delimiters are valid");
        environment.set_syntax(syntax.clone());
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(NESTING_MAX);
        environment.remove_global("debug");
        environment.add_function("raise_exception", raise_exception);
        environment.add_filter("tojson", to_json);
        for (name, reason) in UNBOUNDED_FILTERS {
            environment.add_filter(name, move |_: &Value| -> Result<Value, Error> {
                Err(Error::new(ErrorKind::InvalidOperation, reason))
            });
        }
        weight::install(&mut environment);
        let sandbox = Self {
            environment,
            syntax,
            source: source.to_owned(),
            tokens,
        };
        on_deep_stack(|| {
            check_tokens(&sandbox.source, &sandbox.syntax)?;
            sandbox.compile().map(drop)
        })?
        .map_err(|error| fault(&error))?;
        Ok(sandbox)
    }

    /// The instructions of the template, with those that weigh values.
    fn compile(&self) -> Result<CompiledTemplate<'_>, Error> {
        let config = TemplateConfig {
            syntax_config: self.syntax.clone(),
            default_auto_escape: Arc::new(|_| AutoEscape::None),
        };
        let mut compiled = CompiledTemplate::new(NAME, &self.source, &config)?;
        compiled.instructions = instrument(&compiled.instructions, NAME, &self.source)?;
        Ok(compiled)
    }

    /// What the template writes for these messages.
    pub(super) fn run(
        &self,
        messages: &[(Speaker, String)],
        is_answer_begun: bool,
        now: Option<Timestamp>,
    ) -> Result<Written, Fault> {
        let written = on_deep_stack(|| {
            let compiled = self.compile()?;
            let mut output = String::new();
            let (_, state) = eval(
                &self.environment,
                &compiled.instructions,
                self.context(messages, is_answer_begun, now),
                &compiled.blocks,
                &mut make_string_output(&mut output),
                AutoEscape::None,
            )?;
            let steps = state.fuel_levels().map_or(0, |(used, _)| used);
            Ok(Written { output, steps })
        })?
        .map_err(|error: Error| fault(&error))?;
        if written.output.len() > OUTPUT_BYTES_MAX {
            return Err(Fault::Exhausted(format!(
                "it writes more than {OUTPUT_BYTES_MAX} bytes"
            )));
        }
        Ok(written)
    }

    fn context(
        &self,
        messages: &[(Speaker, String)],
        is_answer_begun: bool,
        now: Option<Timestamp>,
    ) -> Value {
        let messages: Value = messages
            .iter()
            .map(|(speaker, text)| {
                Value::from(BTreeMap::from([
                    ("role", Value::from(speaker.name())),
                    ("content", Value::from(text.as_str())),
                ]))
            })
            .collect();
        let token = |token: &Option<String>| Value::from(token.as_deref().unwrap_or_default());
        let none = || Value::from(());
        let strftime_now = Value::from_function(move |format: &str| {
            weight::check_date_form(format)?;
            now.map(|now| moment::format(now, format)).ok_or_else(|| {
                Error::new(ErrorKind::InvalidOperation, "the time is not told to it")
            })
        });
        Value::from(BTreeMap::from([
            ("messages", messages),
            ("add_generation_prompt", Value::from(is_answer_begun)),
            ("tools", none()),
            ("documents", none()),
            ("bos_token", token(&self.tokens.begin)),
            ("eos_token", token(&self.tokens.end)),
            ("unk_token", token(&self.tokens.unknown)),
            ("pad_token", token(&self.tokens.padding)),
            ("strftime_now", strftime_now),
        ]))
    }
}

/// What a run wrote, and the steps it took.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) output: String,
    pub(super) steps: u64,
}

/// Refuses expressions that take long to compile. The compiler works out what is constant without counting, so that comparing
/// lists that were multiplied would take hours.
fn check_tokens(source: &str, syntax: &SyntaxConfig) -> Result<(), Error> {
    let wrong = |reason: &str| Error::new(ErrorKind::SyntaxError, reason.to_owned());
    let (mut tokens, mut has_list, mut has_product) = (0, false, false);
    let mut is_after_value = false;
    for token in tokenize(source, false, syntax.clone()) {
        let (token, _) = token?;
        if matches!(token, Token::BlockStart | Token::VariableStart) {
            (tokens, has_list, has_product) = (0, false, false);
        }
        // After a value, a bracket takes an item of that.
        has_list |= matches!(token, Token::BracketOpen) && !is_after_value;
        has_product |= matches!(token, Token::Mul);
        is_after_value = ends_value(&token);
        tokens += 1;
        if tokens > TOKENS_MAX {
            return Err(wrong("an expression in it is too long"));
        }
        if has_list && has_product {
            return Err(wrong("it multiplies in an expression that has a list"));
        }
    }
    Ok(())
}

fn ends_value(token: &Token<'_>) -> bool {
    if let Token::Ident(word) = token {
        return !WORDS_BEFORE_VALUES.contains(word);
    }
    matches!(
        token,
        Token::Str(_)
            | Token::String(_)
            | Token::BracketClose
            | Token::ParenClose
            | Token::BraceClose
    )
}

/// Runs `work` on a thread of its own with a stack of [`STACK_BYTES`].
fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Fault> {
    thread::scope(|scope| {
        thread::Builder::new()
            .name("chat-template".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, work)
            .map_err(|error| Fault::Exhausted(format!("no thread can be started for it: {error}")))?
            .join()
            .map_err(|_| Fault::Refused("it makes the template engine fail".to_owned()))
    })
}

fn fault(error: &Error) -> Fault {
    if error.kind() == ErrorKind::OutOfFuel {
        return Fault::Exhausted(format!(
            "it takes more than {FUEL} steps or too much memory"
        ));
    }
    let text = match error.detail() {
        // What templates say themselves reads well on its own.
        Some(detail) if error.kind() == ErrorKind::InvalidOperation => detail.to_owned(),
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    let text: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(REASON_CHARS_MAX)
        .collect();
    Fault::Refused(match error.line() {
        Some(line) => format!("{text} (line {line})"),
        None => text,
    })
}

fn raise_exception(message: &str) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message.to_owned()))
}
