//! Puts weighing instructions before those that walk values and after those that make them, and keeps the jumps right.

use std::collections::BTreeSet;

use minijinja::machinery::{Instruction, Instructions};
use minijinja::{Error, ErrorKind, Value};

use super::weight::{ADD, ARGUMENTS, CHECK, EACH, HOLD, KEEP};

/// A filter's number when it is looked up each time.
const UNCACHED: u8 = u8::MAX;
/// Longest text that costs nothing to compare with.
const LIGHT_BYTES: usize = 256;
/// Most maps that are merged for one call.
const MERGED_MAX: usize = 8;
/// Filters that do not walk values to their depth, or count what they walk. Those of the engine; `+` and the like are not named.
const LIGHT_FILTERS: [&str; 16] = [
    "abs", "bool", "count", "d", "default", "first", "float", "format", "int", "items", "last",
    "length", "list", "reverse", "round", "safe",
];
/// Filters that apply another filter or a test to each item.
const EACH_FILTERS: [&str; 5] = ["map", "reject", "rejectattr", "select", "selectattr"];
/// Tests that look at the kind of a value alone.
const LIGHT_TESTS: [&str; 20] = [
    "boolean",
    "callable",
    "defined",
    "divisibleby",
    "even",
    "false",
    "filter",
    "float",
    "int",
    "integer",
    "iterable",
    "mapping",
    "none",
    "number",
    "odd",
    "sequence",
    "string",
    "test",
    "true",
    "undefined",
];

/// An instruction with what is to run before and after it.
struct Guarded<'source> {
    before: Vec<Instruction<'source>>,
    instruction: Instruction<'source>,
    after: Vec<Instruction<'source>>,
}

/// The instructions, weighing what they make and walk.
///
/// # Errors
/// When an instruction is not available to templates.
pub(super) fn instrument<'source>(
    plain: &Instructions<'source>,
    name: &'source str,
    source: &'source str,
) -> Result<Instructions<'source>, Error> {
    let targets: BTreeSet<u32> = all(plain).filter_map(|(_, it)| target(it)).collect();
    let mut guarded = Vec::new();
    let mut starts = Vec::new();
    let mut next = 0;
    for (place, instruction) in all(plain) {
        let guard = guard(plain, &targets, place, instruction)?;
        starts.push(next);
        next += guard.before.len() + 1 + guard.after.len();
        guarded.push((plain.get_line(place), guard));
    }
    starts.push(next);
    let mut instructions = Instructions::new(name, source);
    for (line, mut guard) in guarded {
        move_target(&mut guard.instruction, &starts);
        let line = line.and_then(|line| u16::try_from(line).ok());
        for instruction in guard
            .before
            .into_iter()
            .chain([guard.instruction])
            .chain(guard.after)
        {
            match line {
                Some(line) => instructions.add_with_line(instruction, line),
                None => instructions.add(instruction),
            };
        }
    }
    Ok(instructions)
}

fn all<'a, 'source>(
    plain: &'a Instructions<'source>,
) -> impl Iterator<Item = (u32, &'a Instruction<'source>)> {
    (0..).map_while(|place| plain.get(place).map(|instruction| (place, instruction)))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others, of which there are sixty, do not jump"
)]
fn target(instruction: &Instruction<'_>) -> Option<u32> {
    match instruction {
        Instruction::Iterate(target)
        | Instruction::Jump(target)
        | Instruction::JumpIfFalse(target)
        | Instruction::JumpIfFalseOrPop(target)
        | Instruction::JumpIfTrueOrPop(target)
        | Instruction::BuildMacro(_, target, _) => Some(*target),
        _ => None,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others, of which there are sixty, do not jump"
)]
fn move_target(instruction: &mut Instruction<'_>, starts: &[usize]) {
    match instruction {
        Instruction::Iterate(target)
        | Instruction::Jump(target)
        | Instruction::JumpIfFalse(target)
        | Instruction::JumpIfFalseOrPop(target)
        | Instruction::JumpIfTrueOrPop(target)
        | Instruction::BuildMacro(_, target, _) => {
            let moved = starts.get(*target as usize).copied().unwrap_or(usize::MAX);
            *target = u32::try_from(moved).unwrap_or(u32::MAX);
        }
        _ => {}
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others, of which there are sixty, neither walk values nor make lists"
)]
fn guard<'source>(
    plain: &Instructions<'source>,
    targets: &BTreeSet<u32>,
    place: u32,
    instruction: &Instruction<'source>,
) -> Result<Guarded<'source>, Error> {
    // A light constant is the second of two operands when the next instruction takes both and is reached from here alone.
    let is_second = |constant: u32| {
        plain.get(constant).is_some_and(is_light) && !targets.contains(&(constant + 1))
    };
    let has_light_second = place.checked_sub(1).is_some_and(is_second);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut instruction = instruction.clone();
    match &instruction {
        Instruction::LoadConst(_) => {
            let next = plain.get(place + 1);
            if is_second(place) && next.is_some_and(|next| operands(next) == Some(2)) {
                before.push(apply(CHECK, 1));
            }
        }
        Instruction::BuildList(None | Some(1..))
        | Instruction::BuildTuple(None | Some(1..))
        | Instruction::BuildMap(1..) => after.push(apply(CHECK, 1)),
        Instruction::Mul | Instruction::Slice => after.push(apply(HOLD, 1)),
        Instruction::GetItem if !has_light_second => before.push(apply(CHECK, 1)),
        Instruction::SetAttr(_) => {
            before.extend([Instruction::Swap, apply(KEEP, 1), Instruction::Swap]);
        }
        Instruction::UnpackLists(_) => {
            return Err(refused("it unpacks a list into arguments"));
        }
        Instruction::MergeKwargs(count) if *count > MERGED_MAX => {
            return Err(refused("it unpacks too many maps into arguments"));
        }
        Instruction::CallMethod("changed", _) => {
            return Err(refused("the method `changed` is not available to it"));
        }
        Instruction::ApplyFilter(name, Some(count @ 1..), _) if EACH_FILTERS.contains(name) => {
            before.extend([
                apply(EACH, *count),
                Instruction::UnpackList(usize::from(*count)),
            ]);
        }
        Instruction::Add => instruction = apply(ADD, 2),
        other => match operands(other) {
            Some(1) => before.push(apply(CHECK, 1)),
            Some(2) if has_light_second => {}
            Some(count) => {
                before.extend([
                    apply(ARGUMENTS, count),
                    Instruction::UnpackList(usize::from(count)),
                ]);
            }
            None => {}
        },
    }
    Ok(Guarded {
        before,
        instruction,
        after,
    })
}

/// How many values an instruction takes and walks.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others, of which there are sixty, do not walk values"
)]
fn operands(instruction: &Instruction<'_>) -> Option<u16> {
    match instruction {
        Instruction::StringConcat
        | Instruction::Eq
        | Instruction::Ne
        | Instruction::Gt
        | Instruction::Gte
        | Instruction::Lt
        | Instruction::Lte
        | Instruction::In
        | Instruction::CompareAndPreserve(_) => Some(2),
        Instruction::ApplyFilter(name, Some(count @ 1..), _)
            if !LIGHT_FILTERS.contains(name) && !EACH_FILTERS.contains(name) =>
        {
            Some(*count)
        }
        Instruction::PerformTest(name, Some(count @ 1..), _) if !LIGHT_TESTS.contains(name) => {
            Some(*count)
        }
        _ => None,
    }
}

/// A constant that takes no time worth counting.
fn is_light(instruction: &Instruction<'_>) -> bool {
    let Instruction::LoadConst(value) = instruction else {
        return false;
    };
    is_light_value(value)
}

fn is_light_value(value: &Value) -> bool {
    match value.as_str() {
        Some(text) => text.len() <= LIGHT_BYTES,
        None => value.as_object().is_none(),
    }
}

fn apply(name: &str, count: u16) -> Instruction<'_> {
    Instruction::ApplyFilter(name, Some(count), UNCACHED)
}

fn refused(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason)
}
