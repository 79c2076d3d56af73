//! The way of an answer, step by step: understand, recall, retrieve, decide, generate, clean, check.
//!
//! `AskService::ask` reads top to bottom; each step is a plain function in a file of its own. Code is checked before a word of the
//! answer is sent: `check` parses a draft and runs it in the sandbox, and `repair` takes the next one when it fails. Whether a language
//! model writes, `rungs` decides; an explanation by one is told as it is written, sentence by sentence.

mod absent;
mod advice;
mod assignments;
mod blocks;
mod check;
mod clean;
mod decide;
mod drafts;
mod examples;
mod generate;
mod grounding;
mod mapping;
mod model_drafts;
mod page;
mod prose;
mod recall;
mod receipt;
mod repair;
mod replay;
mod rungs;
mod scribe;
mod understand;

use std::sync::Arc;

use domain::accounts::Principal;
use domain::analysis::CodeAnalyser;
use domain::ask::{Answer, Answered, AskEvent, Question, StoredTurn};
use domain::conversations::{ConversationStore, Message, Turn};
use domain::embedding::Embedder;
use domain::id::{ConversationId, Entropy, MessageId};
use domain::knowledge::Reader;
use domain::models::writing::Writer;
use domain::retrieval::Retriever;
use domain::routing::{IntentRouter, RouteDecision};
use domain::{Clock, StoreError};
use tokio::sync::mpsc::Sender;

use crate::sandbox::SandboxService;
use assignments::Job;
use decide::Plan;
use mapping::Choice;
use recall::{Memory, Request};
use receipt::ReceiptWriter;
use rungs::{Hired, Materials};
use scribe::{Orders, Scribe};

pub use absent::NoWriter;
pub use mapping::ModelMapping;
pub use replay::{Difference, Replay, ReplayError};

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The conversation, or the answer to be replaced, does not exist for this asker.
    #[error(
        "you have no such conversation or answer; leave `conversation_id` out to begin a new one"
    )]
    UnknownConversation,
    /// Nobody listens any more; nothing was stored.
    #[error("the asker went away")]
    Cancelled,
    /// The store failed; nothing was stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Asker<'a> {
    /// An account: the turn is stored in its conversations.
    Account(&'a Principal),
    /// Whoever sits at the machine: nothing is stored, and the earlier messages are brought along.
    Local {
        /// Messages of this chat, oldest first.
        earlier: &'a [Message],
    },
}

/// What [`AskService`] is made of.
pub struct AskParts {
    /// Routes messages.
    pub router: Arc<dyn IntentRouter>,
    /// Finds what is known.
    pub retriever: Arc<dyn Retriever>,
    /// Reads code.
    pub analyser: Arc<dyn CodeAnalyser>,
    /// Runs the code of answers.
    pub sandbox: Arc<SandboxService>,
    /// Language models; [`NoWriter`] where there is none.
    pub writer: Arc<dyn Writer>,
    /// Which of them serves which task.
    pub models: ModelMapping,
    /// Named in receipts.
    pub embedder: Arc<dyn Embedder>,
    /// Keeps turns.
    pub conversations: Arc<dyn ConversationStore>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes identities.
    pub entropy: Arc<dyn Entropy>,
}

/// Whom a model writes for when somebody asks at the machine itself.
const LOCAL_OWNER: &str = "local";

/// Answers questions.
pub struct AskService {
    parts: AskParts,
}

impl AskService {
    /// A service made of `parts`.
    pub fn new(parts: AskParts) -> Self {
        Self { parts }
    }

    /// Routes a message without answering it.
    pub async fn route(&self, message: &str, history: &[String]) -> RouteDecision {
        self.parts.router.route(message, history).await
    }

    /// Answers `question`, telling `events` as it goes; stops and stores nothing when their receiver is gone.
    pub async fn ask(
        &self,
        asker: Asker<'_>,
        question: Question,
        events: Option<&Sender<AskEvent>>,
    ) -> Result<Answered, AskError> {
        let parts = &self.parts;
        let mut receipt = ReceiptWriter::begin();

        let understood = understand::understand(&question, parts.analyser.as_ref());
        receipt.step("understand", understood.facts());

        let memory = self.recall(asker, &question).await?;
        let request = recall::resolve(understood, &memory);
        receipt.step("recall", request.facts(&memory));

        let route = decide::route(&request, &question, &memory, parts.router.as_ref()).await;
        receipt.step("route", decide::route_facts(&route));
        tell(events, AskEvent::Route(route.clone())).await?;

        let found = decide::retrieve(
            &request,
            &route,
            question.mode,
            reader_of(asker),
            parts.retriever.as_ref(),
            &memory,
        )
        .await?;
        receipt.step("retrieve", found.facts());
        tell(events, AskEvent::Sources(found.sources())).await?;

        let plan = decide::decide(&request, &route, &question, found);
        let job = Job::find(&plan, &request, &route);
        let choice = self.choose(job.as_ref(), &request, &question).await;
        let hired = job.and_then(|job| {
            let post = Post {
                plan: &plan,
                request: &request,
                question: &question,
                asker,
            };
            self.hire(job, &choice, &post, events)
        });
        receipt.step("decide", plan.facts(hired.as_ref()));

        let materials = Materials {
            request: &request,
            question: &question,
            memory: &memory,
            analyser: parts.analyser.as_ref(),
        };
        let made = materials.make(plan, hired).await?;
        let (mut draft, mut rungs) = (made.draft, made.rungs);
        if let Some(regret) = choice.regret() {
            draft.answer.reason = format!("{} {regret}", draft.answer.reason);
        }
        let mut facts = draft.facts();
        facts.extend(rungs.facts(0));
        receipt.step("generate", facts);

        draft.answer = clean::clean(draft.answer);
        receipt.step("clean", Vec::new());

        let checker = check::Checker {
            analyser: parts.analyser.as_ref(),
            sandbox: parts.sandbox.as_ref(),
            runner: asker.into(),
            examples: &request.examples,
        };
        let texts = rungs.count_texts();
        let settled = repair::settle(draft, &mut rungs, &checker).await;
        let mut facts = settled.facts;
        facts.extend(rungs.facts(texts));
        let answer = excuse(settled.answer, rungs.excuse(), &mut facts);
        receipt.step("check", facts);
        receipt.keep(rungs.into_texts(settled.text));

        tell_answer(events, &answer, &made.told).await?;
        let answered = self.keep(asker, &question, answer, receipt).await?;
        tell(events, AskEvent::Done(Box::new(answered.clone()))).await?;
        Ok(answered)
    }

    /// The language model for `job`.
    async fn choose(&self, job: Option<&Job>, request: &Request, question: &Question) -> Choice {
        let wanted = question.model.as_ref();
        let task = match (job, wanted) {
            (Some(job), _) => job.task(request),
            // It is still said when the one that was asked for is not there.
            (None, Some(_)) => mapping::explaining(request),
            (None, None) => return Choice::None { missed: None },
        };
        Choice::make(self.parts.writer.as_ref(), &self.parts.models, task, wanted).await
    }

    /// Sets the model that was chosen to work on `job`; `None` when there is none.
    fn hire<'a>(
        &'a self,
        job: Job,
        choice: &Choice,
        post: &Post<'_>,
        events: Option<&'a Sender<AskEvent>>,
    ) -> Option<Hired<'a>> {
        let Choice::Use {
            model,
            is_wish,
            second,
            ..
        } = choice
        else {
            return None;
        };
        let task = job.task(post.request);
        let settings = self.parts.models.settings(task);
        let question = post.question;
        let orders = Orders {
            model: model.clone(),
            fail_over: second.clone(),
            temperature: question.temperature.unwrap_or(settings.temperature),
            max_new_tokens: question.max_new_tokens.unwrap_or(settings.max_new_tokens),
            seed: question
                .seed
                .unwrap_or_else(|| random_seed(self.parts.entropy.as_ref())),
            owner: match post.asker {
                Asker::Account(principal) => principal.account.id.to_string(),
                Asker::Local { .. } => LOCAL_OWNER.to_owned(),
            },
            context_tokens: self.parts.models.context_tokens,
        };
        Some(Hired {
            is_first: job.is_first(post.plan, post.request, *is_wish),
            scribe: Scribe::new(self.parts.writer.as_ref(), events, orders),
            job,
        })
    }

    async fn recall(&self, asker: Asker<'_>, question: &Question) -> Result<Memory, AskError> {
        let messages = match (asker, question.conversation) {
            (Asker::Local { earlier }, _) => earlier.to_vec(),
            (Asker::Account(_), None) => Vec::new(),
            (Asker::Account(principal), Some(id)) => {
                let owner = principal.account.id;
                let conversation = self
                    .parts
                    .conversations
                    .find_conversation(owner, id)
                    .await?;
                if conversation.is_none() {
                    return Err(AskError::UnknownConversation);
                }
                self.parts
                    .conversations
                    .list_recent_messages(owner, id, recall::MESSAGES_RECALLED)
                    .await?
            }
        };
        Ok(Memory::new(messages, question.replaces))
    }

    /// Stores the turn of an account; the answer counts as given only when this succeeded.
    async fn keep(
        &self,
        asker: Asker<'_>,
        question: &Question,
        answer: Answer,
        receipt: ReceiptWriter,
    ) -> Result<Answered, AskError> {
        let (clock, entropy) = (self.parts.clock.as_ref(), self.parts.entropy.as_ref());
        let receipt = receipt.finish(self.parts.embedder.encoder(), clock, entropy);
        let Asker::Account(principal) = asker else {
            return Ok(Answered {
                answer,
                stored: None,
                receipt,
            });
        };
        let now = clock.now();
        let title = question
            .conversation
            .is_none()
            .then(|| recall::title_from(question.text.as_str()));
        let turn = Turn {
            conversation: question
                .conversation
                .unwrap_or_else(|| ConversationId::new(now, entropy)),
            title,
            question_id: MessageId::new(now, entropy),
            question: understand::as_written(question),
            answer_id: MessageId::new(now, entropy),
            answer: answer.clone(),
            receipt: receipt.clone(),
            replaces: question.replaces,
            at: now,
        };
        let stored = StoredTurn {
            conversation: turn.conversation,
            message: turn.answer_id,
        };
        if !self
            .parts
            .conversations
            .append_turn(principal.account.id, turn)
            .await?
        {
            return Err(AskError::UnknownConversation);
        }
        Ok(Answered {
            answer,
            stored: Some(stored),
            receipt,
        })
    }
}

/// What a language model is wanted for.
struct Post<'a> {
    plan: &'a Plan,
    request: &'a Request,
    question: &'a Question,
    asker: Asker<'a>,
}

const fn reader_of(asker: Asker<'_>) -> Reader {
    match asker {
        Asker::Account(principal) => Reader::Account(principal.account.id),
        Asker::Local { .. } => Reader::Public,
    }
}

/// The answer with the reason why another model wrote it than the one that was chosen.
fn excuse(mut answer: Answer, excuse: Option<&str>, facts: &mut receipt::Facts) -> Answer {
    if let Some(excuse) = excuse {
        answer.reason = format!("{} {excuse}", answer.reason);
        facts.push(receipt::fact("fail_over", excuse));
    }
    answer
}

/// A seed that people can read and every program can hold.
fn random_seed(entropy: &dyn Entropy) -> u64 {
    let mut bytes = [0; 4];
    entropy.fill(&mut bytes);
    u64::from(u32::from_le_bytes(bytes))
}

/// Tells the text and the checks of an answer; what a language model explained was told as it was written.
async fn tell_answer(
    events: Option<&Sender<AskEvent>>,
    answer: &Answer,
    told: &str,
) -> Result<(), AskError> {
    let rest = answer.markdown.strip_prefix(told);
    for piece in clean::pieces(rest.unwrap_or(&answer.markdown)) {
        tell(events, AskEvent::Token(piece.to_owned())).await?;
    }
    tell(events, AskEvent::Check(answer.checks.clone())).await
}

async fn tell(events: Option<&Sender<AskEvent>>, event: AskEvent) -> Result<(), AskError> {
    match events {
        Some(events) => events.send(event).await.map_err(|_| AskError::Cancelled),
        None => Ok(()),
    }
}
