use std::collections::HashMap;
use std::fs;

/// Reads one number per line.
pub fn read_numbers(path: &str) -> Result<Vec<i64>, Box<dyn std::error::Error>> {
    let text = fs::read_to_string(path)?;
    let mut numbers = Vec::new();
    for line in text.lines() {
        if line.is_empty() {
            continue;
        }
        numbers.push(line.trim().parse::<i64>()?);
    }
    Ok(numbers)
}

fn tally(words: &[String]) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for word in words {
        *counts.entry(word.as_str()).or_insert(0) += 1;
    }
    counts
}
