//! Expressions and conditions as English. What has no sure wording stays code in backticks.

use domain::language::Language;

use crate::facts::{Clause, Expr, ExprKind, Shape, last_segment};
use crate::scope::{Nature, Scope};

/// Most characters of code quoted inside a sentence.
const QUOTED_CHARS_MAX: usize = 90;

/// Longest expression that is put into words; a longer one is clearer as code.
const WORDED_CHARS_MAX: usize = 120;

/// Code in backticks, on one line, cut when it is long.
pub(crate) fn code(text: &str) -> String {
    let mut flat = String::new();
    for word in text.split_whitespace() {
        if !flat.is_empty() {
            flat.push(' ');
        }
        flat.push_str(word);
        if flat.len() > QUOTED_CHARS_MAX * 4 {
            break;
        }
    }
    if flat.chars().count() > QUOTED_CHARS_MAX {
        flat = flat.chars().take(QUOTED_CHARS_MAX - 2).collect::<String>() + " …";
    }
    if flat.contains('`') {
        format!("`` {flat} ``")
    } else if flat.is_empty() {
        "nothing".to_owned()
    } else {
        format!("`{flat}`")
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn join(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

impl<'a> Scope<'a> {
    /// An expression as a noun phrase.
    pub(crate) fn noun(&self, value: &Expr<'a>) -> String {
        if value.text.len() > WORDED_CHARS_MAX
            && !matches!(
                value.kind,
                ExprKind::Comprehension { .. } | ExprKind::Choice(_) | ExprKind::Lambda { .. }
            )
        {
            return code(value.text);
        }
        self.worded(value).unwrap_or_else(|| code(value.text))
    }

    /// The noun phrase, when it says more than the code does.
    fn worded(&self, value: &Expr<'a>) -> Option<String> {
        match &value.kind {
            ExprKind::Number => Some(value.text.to_owned()).filter(|text| {
                text.len() < 12 && text.chars().all(|c| c.is_ascii_digit() || c == '.')
            }),
            ExprKind::Unary {
                operator: "-",
                operand,
            } if matches!(operand.kind, ExprKind::Number) => Some(format!("−{}", operand.text)),
            ExprKind::Text if matches!(value.text, "\"\"" | "''") => {
                Some("an empty text".to_owned())
            }
            ExprKind::Call {
                callee,
                arguments,
                is_new,
            } => self.call(value, callee, arguments, *is_new),
            ExprKind::Member {
                object,
                name: "length",
            } if matches!(
                self.language,
                Language::JavaScript | Language::TypeScript | Language::Java
            ) =>
            {
                Some(format!("the length of {}", self.noun(object)))
            }
            ExprKind::Binary {
                operator,
                left,
                right,
            } => self.arithmetic(operator, left, right),
            ExprKind::Collection { shape, items } => self.collection(*shape, items),
            ExprKind::Conditional {
                condition,
                then,
                otherwise,
            } => Some(format!(
                "{} if {}, otherwise {}",
                self.noun(then),
                self.condition(condition),
                self.noun(otherwise)
            )),
            ExprKind::Comprehension {
                shape,
                element,
                clauses,
            } => self.comprehension(*shape, element, clauses),
            ExprKind::Await(inner) => Some(format!("{} (once it is ready)", self.noun(inner))),
            ExprKind::Propagate(inner) => Some(format!(
                "{} (a failure is passed up to the caller)",
                self.noun(inner)
            )),
            ExprKind::Lambda { steps, .. } if !steps.is_empty() => Some("a function".to_owned()),
            ExprKind::Lambda { .. } => Some(format!("the small function {}", code(value.text))),
            ExprKind::Choice(step) => Some(super::narrate::choice_name(step)),
            ExprKind::Keyword { name, value } => Some(format!("`{name}` as {}", self.noun(value))),
            ExprKind::Macro { name } if *name == "vec" && matches!(value.text, "vec![]") => {
                Some("an empty vector".to_owned())
            }
            _ => None,
        }
    }

    fn call(
        &self,
        whole: &Expr<'a>,
        callee: &Expr<'a>,
        arguments: &[Expr<'a>],
        is_new: bool,
    ) -> Option<String> {
        if is_new {
            let name = last_segment(callee.text);
            return Some(if arguments.is_empty() {
                format!("a new `{name}`")
            } else {
                format!("a new object, {}", code(whole.text))
            });
        }
        if let ExprKind::Member { object, name } = &callee.kind {
            return self.method(object, name, arguments);
        }
        let name = last_segment(callee.text);
        if self.defines(name) {
            return Some(format!("the result of {}", code(whole.text)));
        }
        let empty = |what: &str| arguments.is_empty().then(|| format!("an empty {what}"));
        match (self.language, callee.text) {
            (Language::Rust, "Vec::new") => return empty("vector"),
            (Language::Rust, "HashMap::new" | "BTreeMap::new") => return empty("map"),
            (Language::Rust, "HashSet::new" | "BTreeSet::new") => return empty("set"),
            (Language::Rust, "String::new") => return empty("text"),
            (Language::Cpp, "std::max" | "std::min" | "max" | "min") => {
                return self.extreme(name, arguments);
            }
            (Language::Go, "len") => {
                return Some(format!("the length of {}", self.noun(arguments.first()?)));
            }
            _ => {}
        }
        if self.language != Language::Python {
            return None;
        }
        let first = arguments.first().map(|first| self.noun(first));
        match (callee.text, arguments.len()) {
            ("len", 1) => Some(format!("the length of {}", first?)),
            ("sum", 1) => Some(format!("the sum of {}", first?)),
            ("max" | "min", _) => self.extreme(name, arguments),
            ("abs", 1) => Some(format!("the absolute value of {}", first?)),
            ("sorted", 1) => Some(format!("a sorted copy of {}", first?)),
            ("sorted", _) => self.sorted(arguments),
            ("set", 0) => Some("an empty set".to_owned()),
            ("list", 0) => Some("an empty list".to_owned()),
            ("dict", 0) => Some("an empty dictionary".to_owned()),
            ("set", 1) => Some(format!("the distinct items of {}", first?)),
            ("list", 1) => Some(format!("a list of {}", first?)),
            ("int", 1) => Some(format!("{} as a whole number", first?)),
            ("str", 1) => Some(format!("{} as text", first?)),
            ("float", 1) => Some(format!("{} as a decimal number", first?)),
            ("reversed", 1) => Some(format!("{} in reverse", first?)),
            _ => None,
        }
    }

    fn sorted(&self, arguments: &[Expr<'a>]) -> Option<String> {
        let mut text = format!("a sorted copy of {}", self.noun(arguments.first()?));
        for argument in arguments.get(1..)? {
            match &argument.kind {
                ExprKind::Keyword {
                    name: "reverse",
                    value,
                } if matches!(value.kind, ExprKind::Bool(true)) => {
                    text.push_str(", largest first");
                }
                ExprKind::Keyword { name: "key", value } => match &value.kind {
                    ExprKind::Lambda { body, .. } => {
                        text.push_str(&format!(", ordered by {} of each", code(body.text)));
                    }
                    _ => text.push_str(&format!(", ordered by {}", code(value.text))),
                },
                _ => return None,
            }
        }
        Some(text)
    }

    fn extreme(&self, name: &str, arguments: &[Expr<'a>]) -> Option<String> {
        if arguments.iter().any(|argument| {
            matches!(
                argument.kind,
                ExprKind::Keyword { .. } | ExprKind::Lambda { .. }
            )
        }) {
            return None;
        }
        match arguments {
            [only] => Some(format!(
                "the {} item of {}",
                if name == "max" { "largest" } else { "smallest" },
                self.noun(only)
            )),
            [_, _] => {
                let names: Vec<String> = arguments
                    .iter()
                    .map(|argument| self.noun(argument))
                    .collect();
                Some(format!(
                    "the {} of {}",
                    if name == "max" { "larger" } else { "smaller" },
                    join(&names, "and")
                ))
            }
            _ => None,
        }
    }

    fn method(&self, object: &Expr<'a>, name: &str, arguments: &[Expr<'a>]) -> Option<String> {
        let owner = || self.noun(object);
        match (self.language, name, arguments) {
            (Language::JavaScript | Language::TypeScript, "max" | "min", [_, _])
                if object.is("Math") =>
            {
                self.extreme(name, arguments)
            }
            (Language::Java, "max" | "min", [_, _]) if object.is("Math") => {
                self.extreme(name, arguments)
            }
            (Language::Python, "get", [key, default]) => Some(format!(
                "the value of {} under {} ({} when there is none)",
                owner(),
                self.noun(key),
                self.noun(default)
            )),
            (Language::Python, "lower", []) => Some(format!("{} in lower case", owner())),
            (Language::Python, "upper", []) => Some(format!("{} in upper case", owner())),
            (Language::Python, "split", []) => Some(format!("the words of {}", owner())),
            (Language::Python, "strip", []) => {
                Some(format!("{} without the spaces around it", owner()))
            }
            (Language::Python, "items", []) => Some(format!("the entries of {}", owner())),
            (Language::Python, "pop", []) if self.of(object) == Nature::List => {
                Some(format!("the last item of {}, which is taken out", owner()))
            }
            (Language::Cpp | Language::Java, "size", [])
            | (Language::Rust, "len", [])
            | (Language::Java, "length", []) => Some(format!("the length of {}", owner())),
            (Language::Rust, "lines", []) => Some(format!("the lines of {}", owner())),
            _ => None,
        }
    }

    fn arithmetic(&self, operator: &str, left: &Expr<'a>, right: &Expr<'a>) -> Option<String> {
        let is_python = self.language == Language::Python;
        let is_flat = |side: &Expr<'_>| {
            !matches!(
                side.kind,
                ExprKind::Binary {
                    operator: "/" | "//" | "%",
                    ..
                } | ExprKind::Conditional { .. }
            )
        };
        if !is_flat(left) || !is_flat(right) {
            return None;
        }
        let (first, second) = (self.noun(left), self.noun(right));
        match operator {
            "/" => Some(format!("{first} divided by {second}")),
            "//" if is_python => Some(format!("{first} divided by {second}, rounded down")),
            "%" if !matches!(left.kind, ExprKind::Text) => {
                Some(format!("the remainder of {first} divided by {second}"))
            }
            "**" if is_python => Some(format!("{first} to the power of {second}")),
            "-" | "+"
                if self
                    .worded(left)
                    .is_some_and(|text| text.starts_with("the length"))
                    && !matches!(right.kind, ExprKind::Binary { .. }) =>
            {
                Some(format!(
                    "{first} {} {second}",
                    if operator == "-" { "minus" } else { "plus" }
                ))
            }
            "==" | "!=" | "<" | ">" | "<=" | ">=" | "===" | "!==" | "in" | "not in" | "is"
            | "is not" => Some(format!(
                "whether {}",
                self.comparison(operator, left, right)
            )),
            _ => None,
        }
    }

    fn collection(&self, shape: Shape, items: &[Expr<'a>]) -> Option<String> {
        if items.is_empty() {
            let name = match (shape, self.language) {
                (Shape::List, Language::Python) => "an empty list",
                (Shape::List, Language::Go) => "an empty slice",
                (Shape::List, _) => "an empty array",
                (Shape::Map, Language::Python) => "an empty dictionary",
                (Shape::Map, Language::Go) => "an empty map",
                (Shape::Map, _) => "an empty object",
                (Shape::Set, _) => "an empty set",
                (Shape::Tuple, _) => "an empty tuple",
                (Shape::Generator, _) => return None,
            };
            return Some(name.to_owned());
        }
        let is_plain = items.len() <= 4 && items.iter().all(|item| item.text.len() < 60);
        (shape == Shape::Tuple && is_plain).then(|| {
            let names: Vec<String> = items.iter().map(|item| self.noun(item)).collect();
            join(&names, "and")
        })
    }

    fn comprehension(
        &self,
        shape: Shape,
        element: &[Expr<'a>],
        clauses: &[Clause<'a>],
    ) -> Option<String> {
        let kind = match shape {
            Shape::List => "a list",
            Shape::Set => "a set",
            Shape::Map => "a dictionary",
            Shape::Tuple | Shape::Generator => "a stream",
        };
        let made = match element {
            [key, value] => format!("that maps {} to {}", code(key.text), self.noun(value)),
            [only] => format!("of {}", self.noun(only)),
            _ => return None,
        };
        let mut text = format!("{kind} {made}");
        for clause in clauses {
            text.push_str(&format!(
                " for {}",
                self.each(Some(clause.target), &clause.iterable)
            ));
            let conditions: Vec<String> = clause
                .conditions
                .iter()
                .map(|condition| self.condition(condition))
                .collect();
            if !conditions.is_empty() {
                text.push_str(&format!(
                    ", keeping only those where {}",
                    conditions.join(" and ")
                ));
            }
        }
        Some(text)
    }

    /// `each item of numbers`: what a for-each loop goes through.
    pub(crate) fn each(&self, target: Option<&str>, iterable: &Expr<'a>) -> String {
        let name = code(target.unwrap_or("item"));
        if self.language == Language::Python
            && let ExprKind::Call {
                callee, arguments, ..
            } = &iterable.kind
            && !self.defines(callee.text)
        {
            let names: Vec<String> = target
                .unwrap_or_default()
                .trim_matches(['(', ')'])
                .split(',')
                .map(|name| code(name.trim()))
                .collect();
            match (callee.text, arguments.as_slice(), names.as_slice()) {
                ("range", _, [_]) => {
                    if let Some(range) = self.range(&name, arguments) {
                        return range;
                    }
                }
                ("enumerate", [items], [position, item]) => {
                    return format!(
                        "each {item} of {}, with its position in {position}",
                        self.noun(items)
                    );
                }
                ("zip", _, _) if names.len() == arguments.len() => {
                    let sources: Vec<String> = arguments
                        .iter()
                        .map(|argument| self.noun(argument))
                        .collect();
                    return format!(
                        "each {} taken side by side from {}",
                        join(&names, "and"),
                        join(&sources, "and")
                    );
                }
                _ => {}
            }
            if let ExprKind::Member {
                object,
                name: "items",
            } = &callee.kind
                && let [key, value] = names.as_slice()
            {
                return format!(
                    "each entry of {}, with its key in {key} and its value in {value}",
                    self.noun(object)
                );
            }
        }
        if self.language == Language::Rust
            && let ExprKind::Reference(inner) = &iterable.kind
        {
            return format!(
                "each {name} of {}, which is only borrowed",
                self.noun(inner)
            );
        }
        if self.language == Language::Rust
            && let Some((low, high)) = iterable.text.split_once("..")
            && !low.contains(['(', '"'])
            && !low.is_empty()
            && !high.is_empty()
            && !high.contains('(')
        {
            return match high.strip_prefix('=') {
                Some(last) => format!("each {name} from {} up to {}", code(low), code(last)),
                None => format!(
                    "each {name} from {} up to, but not including, {}",
                    code(low),
                    code(high)
                ),
            };
        }
        format!("each {name} of {}", self.noun(iterable))
    }

    /// `each i from 0 up to n − 1`.
    fn range(&self, name: &str, arguments: &[Expr<'a>]) -> Option<String> {
        let (start, stop, step) = match arguments {
            [stop] => ("0".to_owned(), stop, 1),
            [start, stop] => (self.noun(start), stop, 1),
            [start, stop, step] => (self.noun(start), stop, step.number()?),
            _ => return None,
        };
        let last = |down: i64| match stop.number() {
            Some(number) => (number + down).to_string().replace('-', "−"),
            None if matches!(stop.kind, ExprKind::Binary { .. }) => format!(
                "{} {} 1",
                code(&format!("({})", stop.text)),
                if down < 0 { "−" } else { "+" }
            ),
            None => format!("{} {} 1", self.noun(stop), if down < 0 { "−" } else { "+" }),
        };
        Some(match step {
            1 if matches!(stop.kind, ExprKind::Binary { .. }) => format!(
                "each {name} from {start} up to, but not including, {}",
                code(stop.text)
            ),
            1 => format!("each {name} from {start} up to {}", last(-1)),
            -1 => format!("each {name} from {start} down to {}", last(1)),
            0 => return None,
            up if up > 0 => format!(
                "each {name} from {start} up to, but not including, {}, in steps of {up}",
                self.noun(stop)
            ),
            down => format!(
                "each {name} from {start} down to, but not including, {}, in steps of {}",
                self.noun(stop),
                -down
            ),
        })
    }

    /// A condition as a clause: `low` is greater than `high`.
    pub(crate) fn condition(&self, value: &Expr<'a>) -> String {
        if value.text.len() > 2 * WORDED_CHARS_MAX {
            return format!("{} holds", code(value.text));
        }
        match &value.kind {
            ExprKind::Binary {
                operator: operator @ ("and" | "&&" | "or" | "||"),
                left,
                right,
            } => {
                let word = if matches!(*operator, "and" | "&&") {
                    "and"
                } else {
                    "or"
                };
                format!(
                    "{} {word} {}",
                    self.grouped(left, operator),
                    self.grouped(right, operator)
                )
            }
            ExprKind::Binary {
                operator,
                left,
                right,
            } => self.comparison(operator, left, right),
            ExprKind::Not(inner) => self.negated(inner),
            ExprKind::Bool(true) => "always".to_owned(),
            ExprKind::Call {
                callee, arguments, ..
            } => match self.test(callee, arguments, true) {
                Some(text) => text,
                None => format!("{} holds", code(value.text)),
            },
            ExprKind::Name | ExprKind::Member { .. } | ExprKind::Index { .. } => {
                self.truth(value, true)
            }
            ExprKind::Await(inner) => format!("{}, once it is ready", self.condition(inner)),
            _ => format!("{} holds", code(value.text)),
        }
    }

    fn grouped(&self, side: &Expr<'a>, around: &str) -> String {
        let is_mixed = matches!(&side.kind, ExprKind::Binary { operator: inner @ ("and" | "&&" | "or" | "||"), .. } if *inner != around);
        if is_mixed {
            format!("({})", self.condition(side))
        } else {
            self.condition(side)
        }
    }

    fn negated(&self, inner: &Expr<'a>) -> String {
        match &inner.kind {
            ExprKind::Binary {
                operator: "matches",
                left,
                right,
            } => format!("{} does not match {}", self.noun(left), code(right.text)),
            ExprKind::Call {
                callee, arguments, ..
            } => match self.test(callee, arguments, false) {
                Some(text) => text,
                None => format!("{} does not hold", code(inner.text)),
            },
            ExprKind::Name | ExprKind::Member { .. } | ExprKind::Index { .. } => {
                self.truth(inner, false)
            }
            _ => format!("it is not so that {}", self.condition(inner)),
        }
    }

    /// What a value means as a condition.
    fn truth(&self, value: &Expr<'a>, is_true: bool) -> String {
        let name = code(value.text);
        match (self.language, self.of(value)) {
            (Language::Rust | Language::Go | Language::Java, _) | (_, Nature::Bool) => {
                format!("{name} is {}", if is_true { "true" } else { "false" })
            }
            (Language::Python, Nature::List | Nature::Map | Nature::Set | Nature::Text) => {
                format!("{name} is {}", if is_true { "not empty" } else { "empty" })
            }
            (Language::Python, _) if is_true => {
                format!("{name} counts as true (not empty, zero or `None`)")
            }
            (Language::Python, _) => format!("{name} counts as false (empty, zero or `None`)"),
            (Language::JavaScript | Language::TypeScript, _) if is_true => {
                format!("{name} counts as true")
            }
            (Language::JavaScript | Language::TypeScript, _) => {
                format!("{name} counts as false (such as `false`, 0, `null` or an empty text)")
            }
            (_, _) if is_true => format!("{name} is set (not zero, null or false)"),
            (_, _) => format!("{name} is not set (zero, null or false)"),
        }
    }

    /// A call that answers yes or no, in words.
    fn test(&self, callee: &Expr<'a>, arguments: &[Expr<'a>], is_true: bool) -> Option<String> {
        let ExprKind::Member { object, name } = &callee.kind else {
            return None;
        };
        let is = if is_true { "is" } else { "is not" };
        let does = |yes: &str, no: &str| {
            if is_true {
                yes.to_owned()
            } else {
                no.to_owned()
            }
        };
        let owner = self.noun(object);
        match (*name, arguments) {
            ("is_empty" | "empty" | "isEmpty", []) => Some(format!("{owner} {is} empty")),
            ("isalnum", []) => Some(format!("{owner} {is} a letter or digit")),
            ("isalpha", []) => Some(format!("{owner} {is} a letter")),
            ("isdigit", []) => Some(format!("{owner} {is} a digit")),
            ("is_none", []) => Some(format!("{owner} {is} `None`")),
            ("is_some", []) => Some(format!(
                "{owner} {}",
                does("holds a value", "holds no value")
            )),
            ("startswith" | "startsWith" | "starts_with", [prefix]) => Some(format!(
                "{owner} {} {}",
                does("starts with", "does not start with"),
                self.noun(prefix)
            )),
            ("endswith" | "endsWith" | "ends_with", [suffix]) => Some(format!(
                "{owner} {} {}",
                does("ends with", "does not end with"),
                self.noun(suffix)
            )),
            ("contains" | "includes", [item]) => Some(format!(
                "{owner} {} {}",
                does("contains", "does not contain"),
                self.noun(item)
            )),
            ("has" | "containsKey" | "contains_key", [key]) => Some(format!(
                "{owner} {} {}",
                does("has an entry for", "has no entry for"),
                self.noun(key)
            )),
            ("equals", [other]) => Some(format!(
                "{owner} {} {}",
                does("equals", "does not equal"),
                self.noun(other)
            )),
            _ => None,
        }
    }

    fn comparison(&self, operator: &str, left: &Expr<'a>, right: &Expr<'a>) -> String {
        let (first, second) = (self.noun(left), self.noun(right));
        let remainder_is_zero = matches!(&left.kind, ExprKind::Binary { operator: "%", .. })
            && right.number() == Some(0);
        if remainder_is_zero
            && let ExprKind::Binary {
                left: value,
                right: divisor,
                ..
            } = &left.kind
            && matches!(operator, "==" | "===" | "!=" | "!==")
        {
            let is = if operator.starts_with('=') {
                "is"
            } else {
                "is not"
            };
            return format!(
                "{} {is} divisible by {}",
                self.noun(value),
                self.noun(divisor)
            );
        }
        let flat: String = operator.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_nothing = matches!(right.kind, ExprKind::Null);
        let is_script = matches!(self.language, Language::JavaScript | Language::TypeScript);
        let relation = match (flat.as_str(), self.language) {
            ("==", _) if is_nothing && is_script => {
                return format!("{first} is `null` or `undefined`");
            }
            ("!=", _) if is_nothing && is_script => {
                return format!("{first} is neither `null` nor `undefined`");
            }
            ("==" | "===", _) if is_nothing => "is",
            ("!=" | "!==", _) if is_nothing => "is not",
            ("==", Language::Java) => "is the same as",
            ("!=", Language::Java) => "is not the same as",
            ("==", Language::JavaScript | Language::TypeScript) => "loosely equals",
            ("!=", Language::JavaScript | Language::TypeScript) => "does not loosely equal",
            ("==" | "===", _) => "equals",
            ("!=" | "!==" | "<>", _) => "differs from",
            ("<", _) => "is less than",
            (">", _) => "is greater than",
            ("<=", _) => "is at most",
            (">=", _) => "is at least",
            ("in", _) => "is in",
            ("not in", _) => "is not in",
            ("is", _) => "is",
            ("is not", _) => "is not",
            ("matches", _) => "matches",
            ("instanceof", _) => "is an instance of",
            _ => {
                return format!(
                    "{} holds",
                    code(&format!("{} {operator} {}", left.text, right.text))
                );
            }
        };
        format!("{first} {relation} {second}")
    }
}
