//! Reads grammars back and matches texts with them, without llama.cpp.

use std::collections::{BTreeMap, BTreeSet};

/// A part of a grammar, read back from its text.
enum Part {
    Class(bool, Vec<(char, char)>),
    Rule(String),
    Sequence(Vec<Part>),
    Choice(Vec<Part>),
    Repeat(Box<Part>, usize, usize),
}

/// A grammar read back, and the places where rules end that began at a place.
pub(super) struct Matcher {
    rules: BTreeMap<String, Part>,
}

impl Matcher {
    pub(super) fn new(grammar: &str) -> Self {
        let rules = grammar.lines().map(|line| {
            let (name, body) = line.split_once(" ::= ").unwrap();
            let letters: Vec<char> = body.chars().collect();
            let mut place = 0;
            let part = read_choice(&letters, &mut place);
            assert_eq!(place, letters.len(), "{line}");
            (name.to_owned(), part)
        });
        Self {
            rules: rules.collect(),
        }
    }

    pub(super) fn accepts(&self, text: &str) -> bool {
        let letters: Vec<char> = text.chars().collect();
        let mut known = BTreeMap::new();
        let root = Part::Rule("root".to_owned());
        self.ends(&root, &letters, 0, &mut known)
            .contains(&letters.len())
    }

    fn ends(
        &self,
        part: &Part,
        text: &[char],
        from: usize,
        known: &mut BTreeMap<(String, usize), BTreeSet<usize>>,
    ) -> BTreeSet<usize> {
        match part {
            Part::Class(is_negated, ranges) => match text.get(from) {
                Some(letter)
                    if ranges
                        .iter()
                        .any(|(first, last)| (first..=last).contains(&letter))
                        != *is_negated =>
                {
                    BTreeSet::from([from + 1])
                }
                _ => BTreeSet::new(),
            },
            Part::Rule(name) => {
                let key = (name.clone(), from);
                if let Some(ends) = known.get(&key) {
                    return ends.clone();
                }
                let ends = self.ends(&self.rules[name], text, from, known);
                known.insert(key, ends.clone());
                ends
            }
            Part::Sequence(parts) => parts.iter().fold(BTreeSet::from([from]), |places, part| {
                let ends = places
                    .into_iter()
                    .map(|place| self.ends(part, text, place, known));
                ends.flatten().collect()
            }),
            Part::Choice(parts) => {
                let ends = parts.iter().map(|part| self.ends(part, text, from, known));
                ends.flatten().collect()
            }
            Part::Repeat(part, min, max) => {
                let mut all = BTreeSet::new();
                let mut places = BTreeSet::from([from]);
                for times in 0..=*max {
                    if times >= *min {
                        all.extend(&places);
                    }
                    let ends = places
                        .into_iter()
                        .map(|place| self.ends(part, text, place, known));
                    places = ends.flatten().collect();
                    if places.is_empty() || (times >= *min && places.is_subset(&all)) {
                        break;
                    }
                }
                all
            }
        }
    }
}

fn read_choice(letters: &[char], place: &mut usize) -> Part {
    let mut ways = vec![read_sequence(letters, place)];
    while letters.get(*place) == Some(&'|') {
        *place += 1;
        ways.push(read_sequence(letters, place));
    }
    Part::Choice(ways)
}

fn read_sequence(letters: &[char], place: &mut usize) -> Part {
    let mut parts = Vec::new();
    loop {
        match letters.get(*place) {
            None | Some('|' | ')') => return Part::Sequence(parts),
            Some(' ') => *place += 1,
            Some(_) => {
                let part = read_atom(letters, place);
                parts.push(read_repeat(part, letters, place));
            }
        }
    }
}

fn read_letter(letters: &[char], place: &mut usize) -> char {
    let letter = letters[*place];
    *place += 1;
    if letter != '\\' {
        return letter;
    }
    let escape = letters[*place];
    *place += 1;
    let count = match escape {
        'n' => return '\n',
        'r' => return '\r',
        't' => return '\t',
        'x' => 2,
        'U' => 8,
        other => return other,
    };
    let digits: String = letters[*place..*place + count].iter().collect();
    *place += count;
    char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap()
}

fn read_atom(letters: &[char], place: &mut usize) -> Part {
    match letters[*place] {
        '"' => {
            *place += 1;
            let mut parts = Vec::new();
            while letters[*place] != '"' {
                let letter = read_letter(letters, place);
                parts.push(Part::Class(false, vec![(letter, letter)]));
            }
            *place += 1;
            Part::Sequence(parts)
        }
        '[' => {
            *place += 1;
            let is_negated = letters[*place] == '^';
            *place += usize::from(is_negated);
            let mut ranges = Vec::new();
            while letters[*place] != ']' {
                let first = read_letter(letters, place);
                let is_range = letters[*place] == '-' && letters[*place + 1] != ']';
                let last = if is_range {
                    *place += 1;
                    read_letter(letters, place)
                } else {
                    first
                };
                ranges.push((first, last));
            }
            *place += 1;
            Part::Class(is_negated, ranges)
        }
        '(' => {
            *place += 1;
            let part = read_choice(letters, place);
            assert_eq!(letters[*place], ')');
            *place += 1;
            part
        }
        _ => {
            let mut name = String::new();
            while let Some(letter) = letters.get(*place)
                && (letter.is_ascii_alphanumeric() || *letter == '-')
            {
                name.push(*letter);
                *place += 1;
            }
            assert!(!name.is_empty(), "at {place}");
            Part::Rule(name)
        }
    }
}

fn read_repeat(part: Part, letters: &[char], place: &mut usize) -> Part {
    let (min, max) = match letters.get(*place) {
        Some('*') => (0, usize::MAX),
        Some('+') => (1, usize::MAX),
        Some('?') => (0, 1),
        Some('{') => {
            let end = *place
                + letters[*place..]
                    .iter()
                    .position(|letter| *letter == '}')
                    .unwrap();
            let numbers: String = letters[*place + 1..end].iter().collect();
            *place = end;
            match numbers.split_once(',') {
                None => (numbers.parse().unwrap(), numbers.parse().unwrap()),
                Some((min, "")) => (min.parse().unwrap(), usize::MAX),
                Some((min, max)) => (min.parse().unwrap(), max.parse().unwrap()),
            }
        }
        _ => return part,
    };
    *place += 1;
    Part::Repeat(Box::new(part), min, max)
}
