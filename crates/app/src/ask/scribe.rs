//! Has a language model write a text: makes the prompt fit, tells how far it has come, keeps within its time, and writes down for the
//! receipt what was asked and what came of it. What the text is for is none of its business.

use std::time::{Duration, Instant};

use domain::ask::{AskEvent, AskProgress, AskStage, WrittenText};
use domain::models::ModelName;
use domain::models::writing::{
    ChatMessage, Finished, Prompt, Sampling, Shape, Speaker, Writer, Writing, WritingError,
    WritingEvent, WritingRequest,
};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::Sender;

use super::page::Page;
use super::receipt::{Facts, fact};

/// Time for all texts of one answer, waiting for the model included.
const TIME_MAX: Duration = Duration::from_mins(8);

/// Less time than this is not worth beginning another text.
const TIME_MIN: Duration = Duration::from_secs(2);

/// How often progress is told at most.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// Bytes of text for each token, estimated low: code and names have more tokens than prose.
const BYTES_PER_TOKEN: usize = 3;

/// Tokens that the chat template may add.
const TEMPLATE_TOKENS: u32 = 64;

/// Seed of a text after the first of an answer: the one before, and one more.
const SEED_STEP: u64 = 1;

/// Why a model's text is not there, or not whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScribeError {
    /// Nobody listens any more.
    #[error("the asker went away")]
    Gone,
    /// The model failed.
    #[error(transparent)]
    Failed(#[from] WritingError),
    /// It took too long.
    #[error("the model `{0}` took longer than {minutes} minutes", minutes = TIME_MAX.as_secs() / 60)]
    Slow(ModelName),
    /// It wrote nothing of use.
    #[error("the model `{0}` wrote nothing that could be used")]
    Empty(ModelName),
}

/// How texts of one answer are written.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    pub(super) model: ModelName,
    /// The model that is asked when that one fails before it has said anything.
    pub(super) fail_over: Option<ModelName>,
    pub(super) temperature: f32,
    pub(super) max_new_tokens: u32,
    pub(super) seed: u64,
    /// Whom it is for.
    pub(super) owner: String,
    /// Tokens of prompt and text together.
    pub(super) context_tokens: u32,
}

/// A language model at work on one answer.
pub(super) struct Scribe<'a> {
    writer: &'a dyn Writer,
    events: Option<&'a Sender<AskEvent>>,
    orders: Orders,
    deadline: Instant,
    texts: Vec<WrittenText>,
    /// Why another model writes than the one that was chosen.
    excuse: Option<String>,
}

/// A text that is being written.
pub(super) struct Manuscript<'a> {
    writing: Box<dyn Writing>,
    request: WritingRequest,
    events: Option<&'a Sender<AskEvent>>,
    deadline: Instant,
    /// The piece that came first, until it is asked for.
    ahead: Option<String>,
    text: String,
    pieces: u32,
    stage: AskStage,
    told_at: Option<Instant>,
    finished: Option<Finished>,
}

impl<'a> Scribe<'a> {
    pub(super) fn new(
        writer: &'a dyn Writer,
        events: Option<&'a Sender<AskEvent>>,
        orders: Orders,
    ) -> Self {
        Self {
            writer,
            events,
            orders,
            deadline: Instant::now() + TIME_MAX,
            texts: Vec::new(),
            excuse: None,
        }
    }

    /// Why another model writes than the one that was chosen, as a sentence.
    pub(super) fn excuse(&self) -> Option<&str> {
        self.excuse.as_deref()
    }

    pub(super) const fn model(&self) -> &ModelName {
        &self.orders.model
    }

    pub(super) const fn events(&self) -> Option<&'a Sender<AskEvent>> {
        self.events
    }

    /// Whether there is time for another text.
    pub(super) fn has_time(&self) -> bool {
        self.deadline.saturating_duration_since(Instant::now()) >= TIME_MIN
    }

    /// Begins a text and waits for its first words. When the model fails before them, the second choice goes on from here.
    pub(super) async fn begin(
        &mut self,
        page: &Page,
        stage: AskStage,
    ) -> Result<Manuscript<'a>, ScribeError> {
        match self.begin_fitting(page, stage).await {
            Err(ScribeError::Failed(error)) if error.may_succeed_elsewhere() => {
                let Some(second) = self.orders.fail_over.take() else {
                    return Err(ScribeError::Failed(error));
                };
                tracing::warn!(model = %self.orders.model, %second, %error, "another language model is asked");
                self.excuse = Some(format!(
                    "The model `{}` was asked first, but {error}; so `{second}` was asked instead.",
                    self.orders.model
                ));
                self.orders.model = second;
                self.begin_fitting(page, stage).await
            }
            begun => begun,
        }
    }

    /// The same by one model. A prompt that turns out too long is shortened once.
    async fn begin_fitting(
        &mut self,
        page: &Page,
        stage: AskStage,
    ) -> Result<Manuscript<'a>, ScribeError> {
        let bytes = self.measure(page).await;
        match self.try_begin(page.messages(bytes), stage).await {
            Err(ScribeError::Failed(WritingError::TooLong {
                prompt_tokens,
                context_tokens,
                ..
            })) => {
                self.orders.context_tokens = self.orders.context_tokens.min(context_tokens);
                let room = usize::try_from(self.room()).unwrap_or(usize::MAX);
                let asked = usize::try_from(prompt_tokens).unwrap_or(usize::MAX).max(1);
                // Nine tenths, because what is left out need not have as many tokens for its length.
                let fewer = bytes.min(size_of(&page.messages(bytes))) / asked * room / 10 * 9;
                self.try_begin(page.messages(fewer), stage).await
            }
            begun => begun,
        }
    }

    /// Tokens there are for a prompt.
    fn room(&self) -> u32 {
        let context = self.orders.context_tokens;
        context.saturating_sub(self.new_tokens() + TEMPLATE_TOKENS)
    }

    /// Tokens that may be written: never more than half of what the model reads.
    fn new_tokens(&self) -> u32 {
        let half = (self.orders.context_tokens / 2).max(1);
        self.orders.max_new_tokens.min(half)
    }

    /// Bytes of a prompt that fit: counted where the model can, estimated otherwise.
    async fn measure(&self, page: &Page) -> usize {
        let room = usize::try_from(self.room()).unwrap_or(usize::MAX);
        let estimate = room.saturating_mul(BYTES_PER_TOKEN);
        let messages = page.messages(estimate);
        let whole: String = messages
            .iter()
            .flat_map(|message| [message.text.as_str(), "\n"])
            .collect();
        let counted = self.writer.count_tokens(self.model(), &whole).await;
        match counted.and_then(|tokens| usize::try_from(tokens).ok()) {
            Some(tokens) if tokens > room => whole.len() / tokens * room / 10 * 9,
            Some(_) | None => estimate,
        }
    }

    async fn try_begin(
        &mut self,
        messages: Vec<ChatMessage>,
        stage: AskStage,
    ) -> Result<Manuscript<'a>, ScribeError> {
        let seed = self
            .orders
            .seed
            .wrapping_add(SEED_STEP * u64::try_from(self.texts.len()).unwrap_or_default());
        let request = WritingRequest {
            model: self.orders.model.clone(),
            adapter: None,
            prompt: Prompt::Chat(messages),
            sampling: Sampling {
                temperature: self.orders.temperature,
                max_new_tokens: self.new_tokens(),
                seed,
                ..Sampling::default()
            },
            shape: Shape::Free,
            owner: self.orders.owner.clone(),
            // Code is often copied from what is known, and explanations quote the code.
            is_lookup: true,
            logprobs: None,
        };
        let writing = self.writer.write(request.clone()).await?;
        let mut manuscript = Manuscript {
            writing,
            request,
            events: self.events,
            deadline: self.deadline,
            ahead: None,
            text: String::new(),
            pieces: 0,
            stage,
            told_at: None,
            finished: None,
        };
        manuscript.ahead = manuscript.next().await?;
        Ok(manuscript)
    }

    /// Keeps what was written, whole or not, for the receipt.
    pub(super) fn keep(&mut self, manuscript: Manuscript<'a>) {
        self.texts.push(WrittenText {
            request: manuscript.request,
            text: manuscript.text,
            finished: manuscript.finished,
            is_shown: false,
        });
    }

    /// Says that the answer is made of the text kept last.
    pub(super) fn show_last(&mut self) {
        if let Some(last) = self.texts.last_mut() {
            last.is_shown = true;
        }
    }

    /// Says that the answer is made of the text kept as number `at` alone.
    pub(super) fn show_only(&mut self, shown: Option<usize>) {
        for (at, text) in self.texts.iter_mut().enumerate() {
            text.is_shown = Some(at) == shown;
        }
    }

    /// Number of the text kept last.
    pub(super) fn last_kept(&self) -> Option<usize> {
        self.texts.len().checked_sub(1)
    }

    /// What the text kept last says about itself.
    pub(super) fn last_finished(&self) -> Option<&Finished> {
        self.texts.last()?.finished.as_ref()
    }

    /// The texts that were kept.
    pub(super) fn into_texts(self) -> Vec<WrittenText> {
        self.texts
    }

    /// Facts about the texts from number `from` on.
    pub(super) fn facts(&self, from: usize) -> Facts {
        let texts = self.texts.iter().enumerate().skip(from);
        texts
            .flat_map(|(at, text)| text_facts(at + 1, text))
            .collect()
    }

    /// Tells that something is done about what the model wrote.
    pub(super) async fn tell(&self, stage: AskStage) -> Result<(), ScribeError> {
        tell(self.events, progress(stage, self.model())).await
    }
}

impl Manuscript<'_> {
    /// The next piece of text; `None` when it is whole. Waiting and reading are told as they happen.
    pub(super) async fn next(&mut self) -> Result<Option<String>, ScribeError> {
        if let Some(piece) = self.ahead.take() {
            return Ok(Some(piece));
        }
        if self.finished.is_some() {
            return Ok(None);
        }
        loop {
            match self.wait().await? {
                WritingEvent::Waiting {
                    position,
                    is_loading,
                    estimate_ms,
                } => {
                    let stage = if is_loading {
                        AskStage::Loading
                    } else {
                        AskStage::Waiting
                    };
                    let told = AskProgress {
                        position: Some(position),
                        estimate_ms,
                        ..progress(stage, &self.request.model)
                    };
                    self.tell(told).await?;
                }
                WritingEvent::Started { prompt_tokens, .. } => {
                    let told = AskProgress {
                        tokens: Some(prompt_tokens),
                        ..progress(AskStage::Reading, &self.request.model)
                    };
                    // A new stage is told at once.
                    self.told_at = None;
                    self.tell(told).await?;
                    self.told_at = None;
                }
                WritingEvent::Text { text, .. } => {
                    self.pieces = self.pieces.saturating_add(1);
                    let told = AskProgress {
                        tokens: Some(self.pieces),
                        ..progress(self.stage, &self.request.model)
                    };
                    self.tell(told).await?;
                    if !text.is_empty() {
                        self.text.push_str(&text);
                        return Ok(Some(text));
                    }
                }
                WritingEvent::Finished(finished) => {
                    self.finished = Some(*finished);
                    return Ok(None);
                }
            }
        }
    }

    /// All that is left of the text.
    pub(super) async fn read_on(&mut self) -> Result<(), ScribeError> {
        while self.next().await?.is_some() {}
        Ok(())
    }

    /// The last message of the user.
    pub(super) fn asked(&self) -> &str {
        match &self.request.prompt {
            Prompt::Chat(messages) => messages
                .iter()
                .rfind(|message| message.speaker == Speaker::User)
                .map_or("", |message| &message.text),
            Prompt::Text(text) => text,
        }
    }

    /// What was written so far.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    async fn wait(&mut self) -> Result<WritingEvent, ScribeError> {
        let model = self.request.model.clone();
        let deadline = tokio::time::Instant::from_std(self.deadline);
        tokio::select! {
            event = self.writing.next() => match event {
                Some(event) => Ok(event?),
                None => Err(ScribeError::Failed(WritingError::Failed {
                    model,
                    reason: "it ended without saying so".to_owned(),
                })),
            },
            () = gone(self.events) => Err(ScribeError::Gone),
            () = tokio::time::sleep_until(deadline) => Err(ScribeError::Slow(model)),
        }
    }

    /// Tells progress, but not too often.
    async fn tell(&mut self, told: AskProgress) -> Result<(), ScribeError> {
        let is_due = self.told_at.is_none_or(|at| at.elapsed() >= TELL_EVERY);
        if !is_due {
            return Ok(());
        }
        self.told_at = Some(Instant::now());
        tell(self.events, told).await
    }
}

async fn gone(events: Option<&Sender<AskEvent>>) {
    match events {
        Some(events) => events.closed().await,
        None => std::future::pending().await,
    }
}

async fn tell(events: Option<&Sender<AskEvent>>, told: AskProgress) -> Result<(), ScribeError> {
    match events {
        Some(events) => {
            let sent = events.send(AskEvent::Progress(told)).await;
            sent.map_err(|_| ScribeError::Gone)
        }
        None => Ok(()),
    }
}

fn progress(stage: AskStage, model: &ModelName) -> AskProgress {
    AskProgress {
        stage,
        model: model.clone(),
        position: None,
        estimate_ms: None,
        tokens: None,
    }
}

fn size_of(messages: &[ChatMessage]) -> usize {
    messages.iter().map(|message| message.text.len()).sum()
}

/// What a receipt says of one text, each name led by its number.
fn text_facts(number: usize, text: &WrittenText) -> Facts {
    let mut facts = Vec::with_capacity(16);
    let mut add =
        |name: &str, value: String| facts.push(fact(&format!("text {number} {name}"), value));
    let sampling = &text.request.sampling;
    add("model", text.request.model.to_string());
    add("seed", sampling.seed.to_string());
    add("temperature", sampling.temperature.to_string());
    add("max_new_tokens", sampling.max_new_tokens.to_string());
    add("prompt_sha256", prompt_digest(&text.request.prompt));
    let Some(finished) = &text.finished else {
        add("ended", "broken off".to_owned());
        return facts;
    };
    add("ended", finished.reason.name().to_owned());
    if let Some(weights) = &finished.weights {
        add("weights_sha256", weights.to_string());
    }
    if let Some(template) = &finished.template {
        add("template_sha256", template.to_string());
    }
    add("prompt_tokens", finished.prompt_tokens.to_string());
    add("reused_tokens", finished.reused_tokens.to_string());
    add("new_tokens", finished.new_tokens.to_string());
    add("drafted_tokens", finished.drafted_tokens.to_string());
    add("accepted_tokens", finished.accepted_tokens.to_string());
    if let Some(probability) = finished.mean_probability {
        add("mean_probability", format!("{probability:.3}"));
    }
    add("waiting_us", finished.waiting_us.to_string());
    add("prompt_us", finished.prompt_us.to_string());
    add("writing_us", finished.writing_us.to_string());
    facts
}

/// SHA-256 over speakers and texts, each followed by a zero byte.
fn prompt_digest(prompt: &Prompt) -> String {
    let mut hash = Sha256::new();
    match prompt {
        Prompt::Chat(messages) => {
            for message in messages {
                for part in [message.speaker.name(), &message.text] {
                    hash.update(part.as_bytes());
                    hash.update([0]);
                }
            }
        }
        Prompt::Text(text) => hash.update(text.as_bytes()),
    }
    let digest: [u8; 32] = hash.finalize().into();
    domain::models::Digest(digest).to_string()
}
