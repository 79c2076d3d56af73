//! Statements as sentences in the imperative, in order, with what lies inside them. The three styles choose how to show them.

use domain::language::Language;

use crate::facts::{Case, Expr, ExprKind, Handler, Over, Step, StepKind, SwitchStyle, each_step};
use crate::render::wording::{code, join};
use crate::scope::{Nature, Scope};

/// Stands between the head of a folded sentence and its action; never shown.
pub(crate) const FOLD: char = '\u{1}';

/// A sentence about a statement, without a full stop, and the sentences about what lies inside.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) line: u32,
    pub(crate) end_line: u32,
    pub(crate) inner: Vec<Told>,
}

impl Told {
    fn new(step: &Step<'_>, text: String) -> Self {
        Self {
            text,
            line: step.line,
            end_line: step.end_line,
            inner: Vec::new(),
        }
    }
}

/// What a used `if` or `match` is called.
pub(crate) fn choice_name(step: &Step<'_>) -> String {
    match &step.kind {
        StepKind::If { .. } => "a value chosen by a condition".to_owned(),
        StepKind::Switch {
            subject: Some(subject),
            ..
        } => format!("a value that depends on what {} is", code(subject.text)),
        StepKind::Block { .. } => "the value of a block".to_owned(),
        _ => "the result of the statement inside".to_owned(),
    }
}

impl<'a> Scope<'a> {
    /// Every statement of a list.
    pub(crate) fn narrate(&self, steps: &[Step<'a>]) -> Vec<Told> {
        let mut told: Vec<Told> = Vec::new();
        for step in steps {
            if let (Some(last), Some(more)) = (told.last_mut(), self.simple_setting(step))
                && last.inner.is_empty()
                && last.text.starts_with("set ")
                && last.text.len() < 70
                && !last.text.contains(',')
                && last.end_line + 1 >= step.line
                && steps.len() > 3
            {
                last.text = format!("{}; set {more}", last.text);
                last.end_line = step.end_line;
                continue;
            }
            self.narrate_one(step, &mut told);
        }
        told
    }

    fn simple_setting(&self, step: &Step<'a>) -> Option<String> {
        match &step.kind {
            StepKind::Assign {
                target,
                operator: "=",
                value,
                ..
            } if matches!(
                value.kind,
                ExprKind::Number
                    | ExprKind::Bool(_)
                    | ExprKind::Null
                    | ExprKind::Name
                    | ExprKind::Text
            ) && matches!(target.kind, ExprKind::Name) =>
            {
                Some(format!("{} to {}", code(target.text), self.noun(value)))
            }
            _ => None,
        }
    }

    fn narrate_one(&self, step: &Step<'a>, told: &mut Vec<Told>) {
        match &step.kind {
            StepKind::If { arms, otherwise } => self.branch(step, arms, otherwise.as_deref(), told),
            StepKind::ForEach { .. } | StepKind::Count { .. } | StepKind::While { .. } => {
                self.repeat(step, told);
            }
            StepKind::Switch {
                subject,
                cases,
                style,
            } => told.push(self.switch(step, subject.as_ref(), cases, *style)),
            StepKind::Try {
                body,
                handlers,
                otherwise,
                finally,
            } => self.attempt(step, body, handlers, [otherwise, finally], told),
            StepKind::With { resources, body } => {
                let names: Vec<String> = resources.iter().map(|resource| code(resource)).collect();
                let mut line = Told::new(
                    step,
                    format!(
                        "open {} for the steps inside, and close it afterwards whatever happens",
                        join(&names, "and")
                    ),
                );
                line.inner = self.narrate(body);
                told.push(line);
            }
            StepKind::Block { label, body } => {
                if label.is_empty() {
                    told.extend(self.narrate(body));
                } else {
                    let mut line = Told::new(step, format!("run an `{label}` block"));
                    line.inner = self.narrate(body);
                    told.push(line);
                }
            }
            StepKind::LoopElse(body) => {
                let mut line = Told::new(step, "when the loop ended without `break`".to_owned());
                line.inner = self.narrate(body);
                told.push(line);
            }
            StepKind::Class(class) => told.push(Told::new(
                step,
                format!("define the type {}", code(class.name)),
            )),
            StepKind::Function(function) => {
                let mut line =
                    Told::new(step, format!("define the function {}", code(function.name)));
                line.inner = self.narrate(&function.body);
                told.push(line);
            }
            StepKind::Pass => told.push(Told::new(step, "do nothing".to_owned())),
            _ => {
                let mut line = Told::new(step, self.action(step));
                line.inner = self.inner_steps(step);
                told.push(line);
            }
        }
    }

    /// The statements inside of functions and choices that a simple statement carries.
    fn inner_steps(&self, step: &Step<'a>) -> Vec<Told> {
        let mut inner = Vec::new();
        for expression in step.expressions() {
            expression.each(&mut |part| match &part.kind {
                ExprKind::Lambda { steps, .. } if !steps.is_empty() && inner.is_empty() => {
                    let mut line = Told::new(step, "when that function is called".to_owned());
                    line.inner = self.narrate(steps);
                    inner.push(line);
                }
                ExprKind::Choice(choice) if inner.is_empty() => {
                    self.narrate_one(choice, &mut inner);
                }
                _ => {}
            });
        }
        inner
    }

    fn branch(
        &self,
        step: &Step<'a>,
        arms: &[(Expr<'a>, Vec<Step<'a>>)],
        otherwise: Option<&[Step<'a>]>,
        told: &mut Vec<Told>,
    ) {
        for (index, (condition, body)) in arms.iter().enumerate() {
            let lead = if index == 0 { "if" } else { "otherwise, if" };
            let mut line = Told::new(step, format!("{lead} {}", self.condition(condition)));
            line.inner = self.narrate(body);
            if let Some(first) = body.first() {
                line.line = if index == 0 {
                    step.line
                } else {
                    first.line.saturating_sub(1).max(step.line)
                };
                line.end_line = body.last().map_or(first.end_line, |last| last.end_line);
            }
            told.push(fold(line));
        }
        if let Some(otherwise) = otherwise {
            let mut line = Told::new(step, "otherwise".to_owned());
            line.inner = self.narrate(otherwise);
            if let (Some(first), Some(last)) = (otherwise.first(), otherwise.last()) {
                line.line = first.line;
                line.end_line = last.end_line;
            }
            told.push(fold(line));
        }
    }

    fn repeat(&self, step: &Step<'a>, told: &mut Vec<Told>) {
        let (text, body) = match &step.kind {
            StepKind::ForEach {
                target,
                iterable,
                body,
                over,
            } => (self.going_through(*target, iterable, *over), body),
            StepKind::Count {
                start,
                condition,
                update,
                body,
            } => (self.counting(start, condition.as_ref(), update, body), body),
            StepKind::While {
                condition: Some(condition),
                body,
                test_last: true,
            } => (
                format!(
                    "do the steps inside once, and again as long as {}",
                    self.condition(condition)
                ),
                body,
            ),
            StepKind::While {
                condition: Some(condition),
                body,
                ..
            } => (
                format!("as long as {}, repeat", self.condition(condition)),
                body,
            ),
            StepKind::While {
                condition: None,
                body,
                ..
            } => (
                "repeat until something inside leaves the loop".to_owned(),
                body,
            ),
            _ => return,
        };
        let mut line = Told::new(step, text);
        let (inside, after): (Vec<&Step<'a>>, Vec<&Step<'a>>) = body
            .iter()
            .partition(|inner| !matches!(inner.kind, StepKind::LoopElse(_)));
        for inner in inside {
            self.narrate_one(inner, &mut line.inner);
        }
        told.push(line);
        for inner in after {
            self.narrate_one(inner, told);
        }
    }

    /// The head of a for-each loop.
    pub(crate) fn going_through(
        &self,
        target: Option<&'a str>,
        iterable: &Expr<'a>,
        over: Over,
    ) -> String {
        match over {
            Over::Keys => format!(
                "for each property name of {}, in {}",
                self.noun(iterable),
                code(target.unwrap_or("_"))
            ),
            Over::Async => format!(
                "for {}, waiting for each to arrive",
                self.each(target, iterable)
            ),
            Over::GoRange => self.go_range(target, iterable),
            Over::Items => format!("for {}", self.each(target, iterable)),
        }
    }

    fn go_range(&self, target: Option<&'a str>, iterable: &Expr<'a>) -> String {
        let source = self.noun(iterable);
        if self.of(iterable) == Nature::Channel {
            return match target {
                Some(name) => format!(
                    "for each {} received from the channel {source}, until it is closed",
                    code(name)
                ),
                None => {
                    format!("for each value received from the channel {source}, until it is closed")
                }
            };
        }
        match target
            .map(|target| target.split(',').map(str::trim).collect::<Vec<_>>())
            .as_deref()
        {
            Some(["_", value]) => format!("for each {} of {source}", code(value)),
            Some([key, value]) if self.of(iterable) == Nature::Map => format!(
                "for each entry of {source}, with its key in {} and its value in {}",
                code(key),
                code(value)
            ),
            Some([key, value]) => format!(
                "for each {} of {source}, with its position or key in {}",
                code(value),
                code(key)
            ),
            Some([key]) if self.of(iterable) == Nature::List => {
                format!("for each position {} in {source}", code(key))
            }
            Some([key]) if matches!(iterable.kind, ExprKind::Number) => {
                format!("for each {} from 0 up to {source} − 1", code(key))
            }
            Some([key]) => format!(
                "for each {} that {} gives",
                code(key),
                code(&format!("range {}", iterable.text))
            ),
            _ => format!("once for everything in {source}"),
        }
    }

    fn counting(
        &self,
        start: &[Step<'a>],
        condition: Option<&Expr<'a>>,
        update: &[Step<'a>],
        body: &[Step<'a>],
    ) -> String {
        if let Some(text) = self.plain_counting(start, condition, update, body) {
            return text;
        }
        let mut text = String::new();
        let first: Vec<String> = start.iter().map(|step| self.action(step)).collect();
        if !first.is_empty() {
            text.push_str(&format!("first {}, then ", join(&first, "and")));
        }
        match condition {
            Some(condition) => {
                text.push_str(&format!("as long as {}, repeat", self.condition(condition)));
            }
            None => text.push_str("repeat until something inside leaves the loop"),
        }
        let next: Vec<String> = update.iter().map(|step| self.action(step)).collect();
        if !next.is_empty() {
            text.push_str(&format!(" (after each round: {})", join(&next, "and")));
        }
        text
    }

    /// `for each i from 0 up to n − 1`, when the loop is that plain and its body leaves the counter alone.
    fn plain_counting(
        &self,
        start: &[Step<'a>],
        condition: Option<&Expr<'a>>,
        update: &[Step<'a>],
        body: &[Step<'a>],
    ) -> Option<String> {
        let [
            Step {
                kind:
                    StepKind::Assign {
                        target,
                        value: first,
                        ..
                    },
                ..
            },
        ] = start
        else {
            return None;
        };
        let [
            Step {
                kind:
                    StepKind::Increment {
                        target: counter,
                        step,
                    },
                ..
            },
        ] = update
        else {
            return None;
        };
        let ExprKind::Binary {
            operator,
            left,
            right,
        } = &condition?.kind
        else {
            return None;
        };
        if target.text != counter.text || left.text != counter.text || assigns(body, counter.text) {
            return None;
        }
        let is_length = matches!(
            right.kind,
            ExprKind::Name | ExprKind::Number | ExprKind::Member { .. }
        ) || self.noun(right).starts_with("the length");
        if !is_length || (matches!(right.kind, ExprKind::Name) && assigns(body, right.text)) {
            return None;
        }
        let name = code(counter.text);
        let from = self.noun(first);
        let end = self.noun(right);
        let one_off = |sign: &str, by: i64| match right.number() {
            Some(number) => (number + by).to_string().replace('-', "−"),
            None => format!("{end} {sign} 1"),
        };
        match (*operator, step) {
            ("<", 1) => Some(format!(
                "for each {name} from {from} up to {}",
                one_off("−", -1)
            )),
            ("<=", 1) => Some(format!("for each {name} from {from} up to {end}")),
            (">", -1) => Some(format!(
                "for each {name} from {from} down to {}",
                one_off("+", 1)
            )),
            (">=", -1) => Some(format!("for each {name} from {from} down to {end}")),
            _ => None,
        }
    }

    fn switch(
        &self,
        step: &Step<'a>,
        subject: Option<&Expr<'a>>,
        cases: &[Case<'a>],
        style: SwitchStyle,
    ) -> Told {
        let text = match (subject, style) {
            (_, SwitchStyle::Select) => "wait for whichever of these can go first".to_owned(),
            (Some(subject), SwitchStyle::FallsThrough) => format!(
                "go to the case that fits {}; a case without a way out runs on into the next",
                self.noun(subject)
            ),
            (Some(subject), SwitchStyle::Exclusive) => {
                format!("choose by what {} is", self.noun(subject))
            }
            (None, _) => "choose the first case that holds".to_owned(),
        };
        let text = if style == SwitchStyle::FallsThrough
            && cases
                .iter()
                .all(|case| leaves(&case.body) || case.body.is_empty())
        {
            text.split(';').next().unwrap_or_default().to_owned()
        } else {
            text
        };
        let mut line = Told::new(step, text);
        let mut pending: Vec<String> = Vec::new();
        for case in cases {
            if case.body.is_empty() && style == SwitchStyle::FallsThrough && !case.is_default {
                pending.push(code(case.pattern));
                continue;
            }
            pending.push(code(case.pattern));
            let guard = case
                .guard
                .as_ref()
                .map(|guard| format!(" and {}", self.condition(guard)))
                .unwrap_or_default();
            let text = if case.is_default {
                "in any other case".to_owned()
            } else {
                format!("for {}{guard}", join(&pending, "or"))
            };
            pending.clear();
            let mut inner = Told {
                text,
                line: case.line,
                end_line: case.line,
                inner: self.case_body(&case.body, style),
            };
            if inner.inner.is_empty() {
                inner.text.push_str(&format!(",{FOLD}do nothing"));
            }
            line.inner.push(fold(inner));
        }
        line
    }

    /// What a case does; the `break` that only ends it is not told, and another one leaves the choice, not a loop.
    fn case_body(&self, body: &[Step<'a>], style: SwitchStyle) -> Vec<Told> {
        let body = match body {
            [
                first @ ..,
                Step {
                    kind: StepKind::Break,
                    ..
                },
            ] if style == SwitchStyle::FallsThrough => first,
            _ => body,
        };
        let mut told = self.narrate(body);
        if !matches!(self.language, Language::Python | Language::Rust) {
            leave_the_choice(&mut told);
        }
        told
    }

    fn attempt(
        &self,
        step: &Step<'a>,
        body: &[Step<'a>],
        handlers: &[Handler<'a>],
        rest: [&[Step<'a>]; 2],
        told: &mut Vec<Told>,
    ) {
        let mut line = Told::new(step, "try the steps inside".to_owned());
        line.end_line = body.last().map_or(step.line, |last| last.end_line);
        line.inner = self.narrate(body);
        told.push(line);
        for handler in handlers {
            let text = if handler.types.is_empty() {
                "if anything goes wrong".to_owned()
            } else {
                format!("if {} is raised", code(handler.types))
            };
            let text = if self.language == Language::Python {
                text
            } else {
                text.replace("is raised", "is thrown")
            };
            let end_line = handler
                .body
                .last()
                .map_or(handler.line, |last| last.end_line);
            let mut inner = Told {
                text,
                line: handler.line,
                end_line,
                inner: self.narrate(&handler.body),
            };
            if inner.inner.is_empty() {
                inner.text.push_str(&format!(",{FOLD}ignore it"));
            }
            told.push(fold(inner));
        }
        let [otherwise, finally] = rest;
        for (text, steps) in [
            ("if nothing went wrong", otherwise),
            ("in the end, whatever happened", finally),
        ] {
            if let (Some(first), Some(last)) = (steps.first(), steps.last()) {
                told.push(fold(Told {
                    text: text.to_owned(),
                    line: first.line,
                    end_line: last.end_line,
                    inner: self.narrate(steps),
                }));
            }
        }
    }

    /// A simple statement as an imperative.
    pub(crate) fn action(&self, step: &Step<'a>) -> String {
        match &step.kind {
            StepKind::Import(text) => format!("load {}", code(text)),
            StepKind::Declare { name, type_text } if type_text.is_empty() => {
                format!("declare {}, without a value yet", code(name))
            }
            StepKind::Declare { name, type_text } => format!(
                "declare {} as {}, without a value of its own yet",
                code(name),
                code(type_text)
            ),
            StepKind::Assign {
                target,
                operator,
                value,
                ..
            } => self.assignment(target, operator, value),
            StepKind::Increment { target, step: 1 } => format!("add 1 to {}", code(target.text)),
            StepKind::Increment { target, .. } => format!("subtract 1 from {}", code(target.text)),
            StepKind::Evaluate(value) | StepKind::Tail(value) => self.effect(value),
            StepKind::Return {
                value: Some(value), ..
            } => format!("return {}", self.noun(value)),
            StepKind::Return { value: None, .. } => "stop here and return nothing".to_owned(),
            StepKind::Raise(Some(error)) => format!("{} {}", self.raise_word(), code(error.text)),
            StepKind::Raise(None) => format!("{} the same error again", self.raise_word()),
            StepKind::Break => "leave the loop".to_owned(),
            StepKind::Continue => "skip to the next round of the loop".to_owned(),
            StepKind::Assert(condition) => {
                format!("check that {}, and fail if not", self.condition(condition))
            }
            StepKind::Delete(text) => format!("delete {}", code(text)),
            StepKind::Defer(value) => format!(
                "arrange for {} to run when the function ends",
                code(value.text)
            ),
            StepKind::Spawn(value) => format!(
                "start {} as a goroutine, which runs on its own",
                code(value.text)
            ),
            StepKind::Send { channel, value } => format!(
                "send {} into the channel {}",
                self.noun(value),
                code(channel.text)
            ),
            StepKind::Other(text) => format!("run {}", code(text)),
            _ => "do the steps inside".to_owned(),
        }
    }

    const fn raise_word(&self) -> &'static str {
        match self.language {
            Language::Python => "raise",
            _ => "throw",
        }
    }

    fn assignment(&self, target: &Expr<'a>, operator: &str, value: &Expr<'a>) -> String {
        let name = code(target.text);
        match operator {
            "=" => {}
            "+" => return format!("add {} to {name}", self.noun(value)),
            "-" => return format!("subtract {} from {name}", self.noun(value)),
            "*" => return format!("multiply {name} by {}", self.noun(value)),
            "/" => return format!("divide {name} by {}", self.noun(value)),
            "//" => return format!("divide {name} by {}, rounding down", self.noun(value)),
            _ => {
                return format!(
                    "update {name} with {}",
                    code(&format!("{} {operator}= {}", target.text, value.text))
                );
            }
        }
        if let (
            ExprKind::Collection { items: targets, .. },
            ExprKind::Collection { items: values, .. },
        ) = (&target.kind, &value.kind)
            && targets.len() == values.len()
        {
            if let ([a, b], [c, d]) = (targets.as_slice(), values.as_slice())
                && a.text == d.text
                && b.text == c.text
            {
                return format!("swap {} and {}", code(a.text), code(b.text));
            }
            let pairs: Vec<String> = targets
                .iter()
                .zip(values)
                .map(|(target, value)| format!("{} to {}", code(target.text), self.noun(value)))
                .collect();
            return format!("set {}", join(&pairs, "and"));
        }
        if self.language == Language::Go
            && value.called() == Some("append")
            && let ExprKind::Call { arguments, .. } = &value.kind
            && let [list, item] = arguments.as_slice()
            && list.text == target.text
        {
            return format!("add {} to the end of {name}", self.noun(item));
        }
        match (&target.kind, &value.kind) {
            (ExprKind::Index { object, index }, _) if self.of(object) == Nature::Map => {
                format!(
                    "store {} in {} under {}",
                    self.noun(value),
                    code(object.text),
                    code(index.text)
                )
            }
            (ExprKind::Collection { items, .. }, _) => {
                let names: Vec<String> = items.iter().map(|item| code(item.text)).collect();
                format!("take {} from {}", join(&names, "and"), self.noun(value))
            }
            _ => format!("set {name} to {}", self.noun(value)),
        }
    }

    /// An expression that stands as a statement.
    fn effect(&self, value: &Expr<'a>) -> String {
        match &value.kind {
            ExprKind::Yield(Some(inner)) => format!(
                "hand out {} and pause until the next value is asked for",
                self.noun(inner)
            ),
            ExprKind::Yield(None) => "pause until the next value is asked for".to_owned(),
            ExprKind::Await(inner) => format!("wait for {}", code(inner.text)),
            ExprKind::Macro {
                name: "println" | "print" | "eprintln",
            } => format!("print with {}", code(value.text)),
            ExprKind::Call {
                callee, arguments, ..
            } => {
                let names: Vec<String> = arguments
                    .iter()
                    .map(|argument| self.noun(argument))
                    .collect();
                let is_print = matches!(
                    callee.text,
                    "print" | "console.log" | "System.out.println" | "fmt.Println"
                ) && !self.defines(callee.text);
                if is_print
                    && names.len() <= 4
                    && !arguments
                        .iter()
                        .any(|argument| matches!(argument.kind, ExprKind::Keyword { .. }))
                {
                    return if names.is_empty() {
                        "print an empty line".to_owned()
                    } else {
                        format!("print {}", join(&names, "and"))
                    };
                }
                match (&callee.kind, names.as_slice()) {
                    (
                        ExprKind::Member {
                            object,
                            name: "append" | "push" | "push_back",
                        },
                        [item],
                    ) => {
                        format!("add {item} to the end of {}", code(object.text))
                    }
                    _ => format!("call {}", code(value.text)),
                }
            }
            ExprKind::Propagate(inner) => {
                format!("{}, passing a failure up to the caller", self.effect(inner))
            }
            _ => format!("evaluate {}", code(value.text)),
        }
    }
}

fn leave_the_choice(told: &mut [Told]) {
    for one in told {
        let is_loop = [
            "for each",
            "as long as",
            "repeat",
            "do the steps",
            "first ",
            "once for",
        ]
        .iter()
        .any(|lead| one.text.starts_with(lead));
        if !is_loop {
            one.text = one.text.replace("leave the loop", "leave this choice");
            leave_the_choice(&mut one.inner);
        }
    }
}

/// Whether statements set a name.
pub(crate) fn assigns(steps: &[Step<'_>], name: &str) -> bool {
    let mut found = false;
    each_step(steps, &mut |step| match &step.kind {
        StepKind::Assign { target, .. } => {
            target.each(&mut |part| found |= part.text == name);
        }
        StepKind::Increment { target, .. } => found |= target.text == name,
        _ => {}
    });
    found
}

/// Whether the last of these statements leaves them for good.
fn leaves(steps: &[Step<'_>]) -> bool {
    steps.last().is_some_and(|last| match &last.kind {
        StepKind::Return { .. } | StepKind::Raise(_) | StepKind::Break | StepKind::Continue => true,
        StepKind::Block { body, .. } => leaves(body),
        _ => false,
    })
}

/// A head with one simple sentence inside becomes one sentence.
fn fold(mut told: Told) -> Told {
    if let [only] = told.inner.as_slice()
        && only.inner.is_empty()
        && told.text.len() + only.text.len() < 160
    {
        told.text = format!("{},{FOLD}{}", told.text, only.text);
        told.inner.clear();
    }
    told
}
