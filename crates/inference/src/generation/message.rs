//! What the task of the writer is told, and what requests are to it.

use std::sync::Arc;

use domain::models::residence::Ledger;
use domain::models::writing::WritingError;
use domain::models::{AdapterName, Digest, ModelName};
use tokio::sync::oneshot;

use super::planner::{Failure, Ticket};
use super::prepare::Prepared;
use super::process::News;
use super::stream::Stream;
use crate::engine::generator::frame::WriteOrder;

/// What the task is told. The mailbox is as long as there are calls that wait for their answers, plus two for each request.
#[derive(Debug)]
pub(super) enum Message {
    Submit(Box<Submission>, oneshot::Sender<Result<(), WritingError>>),
    /// The reader of a request has gone.
    Left(Ticket),
    /// From the engine with this number.
    News(u64, News),
    Ledger(oneshot::Sender<Ledger>),
    Pin(ModelName, bool, oneshot::Sender<bool>),
    /// Answered when the model has left memory.
    Unload(ModelName, oneshot::Sender<bool>),
    Count(ModelName, String, oneshot::Sender<u32>),
    /// End everything; answered when no process is left.
    Close(oneshot::Sender<()>),
}

/// A request on its way in.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) ticket: Ticket,
    pub(super) model: Arc<Prepared>,
    pub(super) adapter: Option<AdapterName>,
    pub(super) work: Work,
}

/// What is to be done when it is a request's turn.
#[derive(Debug)]
pub(super) enum Work {
    Write {
        order: Box<WriteOrder>,
        template: Option<Digest>,
        stream: Arc<Stream>,
    },
    /// Only say that the model is loaded.
    Load(oneshot::Sender<Result<(), WritingError>>),
}

impl Work {
    /// Whether a text is wanted.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Write { .. })
    }

    /// Bytes of its prompt.
    pub(super) fn prompt_bytes(&self) -> usize {
        match self {
            Self::Write { order, .. } => order.prompt.iter().map(|piece| piece.text.len()).sum(),
            Self::Load(_) => 0,
        }
    }

    /// Answers it with a failure.
    pub(super) fn fail(self, error: WritingError) {
        match self {
            Self::Write { stream, .. } => stream.fail(error),
            Self::Load(reply) => {
                // Whoever asked may have gone.
                let _ = reply.send(Err(error));
            }
        }
    }
}

/// A planner's reason in the words of the port.
pub(super) fn explain(model: &ModelName, failure: Failure) -> WritingError {
    match failure {
        Failure::Engine(reason) => WritingError::Failed {
            model: model.clone(),
            reason,
        },
        Failure::NoMemory {
            needed_bytes,
            budget_bytes,
        } => WritingError::NoMemory {
            model: model.clone(),
            needed_bytes,
            budget_bytes,
        },
        Failure::Busy(waiting) => WritingError::Busy(waiting),
        Failure::Removed => WritingError::UnknownModel(model.clone()),
    }
}
