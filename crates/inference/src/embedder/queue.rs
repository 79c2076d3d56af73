//! Who is served next: single texts (people waiting) before lists (imports), but never so that a list stands still, and a
//! list only one chunk at a time. Plain data; no threads here.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::ops::Range;
use std::time::Instant;

use domain::embedding::{EmbedError, Encoded};
use tokio::sync::oneshot;

use crate::engine::frame::{TEXT_BYTES_MAX, cut};

/// Most texts in a chunk; what the engine computes together at most.
const CHUNK_TEXTS_MAX: usize = 16;
/// Most text in a chunk in bytes, so that a chunk takes well under a second on one core; one text is always taken.
const CHUNK_BYTES_MAX: usize = 4096;
/// What one text adds at most, because the engine cuts it to 256 tokens.
const TEXT_COST_MAX: usize = 2048;
/// After so many single texts a waiting list gets a chunk.
const SINGLES_IN_A_ROW: u32 = 8;

pub(super) type Answer = Result<Vec<Encoded>, EmbedError>;

/// One call for vectors, on its way.
#[derive(Debug)]
pub(super) struct Job {
    texts: Vec<String>,
    /// Places in `texts`, longest text first, so that a chunk holds texts of like length.
    order: Vec<usize>,
    done: usize,
    encoded: Vec<Encoded>,
    reply: oneshot::Sender<Answer>,
    pub(super) submitted: Instant,
}

impl Job {
    pub(super) fn new(
        texts: &[String],
        reply: oneshot::Sender<Answer>,
        submitted: Instant,
    ) -> Self {
        let texts: Vec<String> = texts
            .iter()
            .map(|text| cut(text, TEXT_BYTES_MAX).to_owned())
            .collect();
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&index| Reverse(texts[index].len()));
        let encoded = vec![Encoded::default(); texts.len()];
        Self {
            texts,
            order,
            done: 0,
            encoded,
            reply,
            submitted,
        }
    }

    /// One text, so a person may be waiting.
    pub(super) fn is_single(&self) -> bool {
        self.texts.len() == 1
    }

    /// The next texts to compute; none when the job only starts the engine.
    pub(super) fn chunk(&self) -> Vec<&str> {
        self.order[self.chunk_range()]
            .iter()
            .map(|&index| self.texts[index].as_str())
            .collect()
    }

    fn chunk_range(&self) -> Range<usize> {
        let mut bytes = 0;
        let rest = &self.order[self.done..];
        let fitting = rest.iter().take(CHUNK_TEXTS_MAX).take_while(|&&index| {
            bytes += self.texts[index].len().min(TEXT_COST_MAX);
            bytes <= CHUNK_BYTES_MAX
        });
        self.done..self.done + fitting.count().max(1).min(rest.len())
    }

    /// Takes what was made of the current chunk. Gives the job back when it has more to do; else its caller is answered.
    pub(super) fn advance(mut self, chunk: Vec<Encoded>) -> Option<Self> {
        let range = self.chunk_range();
        for (&index, encoded) in self.order[range.clone()].iter().zip(chunk) {
            self.encoded[index] = encoded;
        }
        self.done = range.end;
        if self.done < self.texts.len() {
            return Some(self);
        }
        // The caller may have gone; then nobody wants the answer.
        let _ = self.reply.send(Ok(self.encoded));
        None
    }

    pub(super) fn fail(self, error: EmbedError) {
        // As above.
        let _ = self.reply.send(Err(error));
    }
}

/// Jobs in two lanes.
#[derive(Debug, Default)]
pub(super) struct Queue {
    singles: VecDeque<Job>,
    lists: VecDeque<Job>,
    singles_in_a_row: u32,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.singles.len() + self.lists.len()
    }

    pub(super) fn add(&mut self, job: Job) {
        if job.is_single() {
            self.singles.push_back(job);
        } else {
            self.lists.push_back(job);
        }
    }

    /// The job whose chunk is next; jobs whose callers have gone are dropped.
    pub(super) fn take(&mut self) -> Option<Job> {
        self.singles.retain(|job| !job.reply.is_closed());
        self.lists.retain(|job| !job.reply.is_closed());
        let list_is_due = self.singles.is_empty() || self.singles_in_a_row >= SINGLES_IN_A_ROW;
        if list_is_due && let Some(job) = self.lists.pop_front() {
            self.singles_in_a_row = 0;
            return Some(job);
        }
        self.singles_in_a_row = self.singles_in_a_row.saturating_add(1);
        self.singles.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(texts: &[&str]) -> (Job, oneshot::Receiver<Answer>) {
        let (reply, receiver) = oneshot::channel();
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        (Job::new(&texts, reply, Instant::now()), receiver)
    }

    /// As many tokens as bytes.
    fn of_length(text: &str) -> Encoded {
        Encoded {
            vector: vec![1.0],
            tokens: u32::try_from(text.len()).unwrap(),
        }
    }

    #[test]
    fn vectors_return_in_the_callers_order() {
        let texts: Vec<String> = (0..40).map(|number| "x".repeat(number * 7 % 40)).collect();
        let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (job, mut receiver) = job(&borrowed);
        let mut next = Some(job);
        let mut chunks = 0;
        while let Some(job) = next {
            let chunk = job.chunk().iter().map(|text| of_length(text)).collect();
            chunks += 1;
            next = job.advance(chunk);
        }
        assert_eq!(chunks, 3);
        let answer = receiver.try_recv().unwrap().unwrap();
        let expected: Vec<Encoded> = texts.iter().map(|text| of_length(text)).collect();
        assert_eq!(answer, expected);
    }

    #[test]
    fn long_texts_make_small_chunks() {
        let long = "x".repeat(10_000);
        let (job, _receiver) = job(&[long.as_str(); 9]);
        assert_eq!(job.chunk().len(), 2);
    }

    #[test]
    fn a_job_without_texts_is_answered_at_once() {
        let (job, mut receiver) = job(&[]);
        assert!(job.chunk().is_empty());
        assert!(job.advance(Vec::new()).is_none());
        assert_eq!(receiver.try_recv().unwrap(), Ok(Vec::new()));
    }

    #[test]
    fn a_single_text_waits_for_one_chunk_and_a_list_for_a_few_texts() {
        let mut queue = Queue::default();
        let (list, _list_receiver) = job(&["a", "b"]);
        queue.add(list);
        let mut receivers = Vec::new();
        for _ in 0..20 {
            let (single, receiver) = job(&["q"]);
            queue.add(single);
            receivers.push(receiver);
        }
        let order: Vec<bool> = std::iter::from_fn(|| queue.take())
            .map(|job| job.is_single())
            .collect();
        assert_eq!(order.iter().position(|is_single| !is_single), Some(8));
        assert_eq!(order.len(), 21);
    }

    #[test]
    fn lists_take_turns() {
        let mut queue = Queue::default();
        let texts: Vec<&str> = vec!["x"; 20];
        let (first, _first) = job(&texts);
        let (second, _second) = job(&texts[..17]);
        queue.add(first);
        queue.add(second);
        let taken = queue.take().unwrap();
        assert_eq!(taken.texts.len(), 20);
        let count = taken.chunk().len();
        queue.add(taken.advance(vec![Encoded::default(); count]).unwrap());
        assert_eq!(queue.take().unwrap().texts.len(), 17);
    }

    #[test]
    fn jobs_of_callers_who_left_are_dropped() {
        let mut queue = Queue::default();
        let (single, receiver) = job(&["q"]);
        queue.add(single);
        drop(receiver);
        assert!(queue.take().is_none());
        assert_eq!(queue.len(), 0);
    }
}
