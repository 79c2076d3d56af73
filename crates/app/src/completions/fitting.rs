//! A text whose length nobody bounded: when the context has no room for the usual number of tokens after the prompt, it is asked
//! for again with as many as fit.

use std::sync::Arc;

use async_trait::async_trait;
use domain::models::writing::{Writer, Writing, WritingError, WritingEvent, WritingRequest};

pub(super) struct Fitting {
    writer: Arc<dyn Writer>,
    request: WritingRequest,
    writing: Box<dyn Writing>,
    /// Whether it may still be asked for again: once, and only while nothing was written.
    may_shrink: bool,
}

impl Fitting {
    /// Begins the text.
    pub(super) async fn begin(
        writer: Arc<dyn Writer>,
        mut request: WritingRequest,
    ) -> Result<Self, WritingError> {
        let mut may_shrink = true;
        let writing = match writer.write(request.clone()).await {
            Err(error) => {
                may_shrink = false;
                request = shrink(request, &error).ok_or(error)?;
                writer.write(request.clone()).await?
            }
            Ok(writing) => writing,
        };
        Ok(Self {
            writer,
            request,
            writing,
            may_shrink,
        })
    }
}

#[async_trait]
impl Writing for Fitting {
    async fn next(&mut self) -> Option<Result<WritingEvent, WritingError>> {
        loop {
            let told = self.writing.next().await?;
            match &told {
                Ok(WritingEvent::Waiting { .. }) => {}
                Ok(
                    WritingEvent::Started { .. }
                    | WritingEvent::Text { .. }
                    | WritingEvent::Finished(_),
                ) => self.may_shrink = false,
                Err(error) => {
                    let smaller = shrink(self.request.clone(), error);
                    if let Some(smaller) = smaller.filter(|_| self.may_shrink) {
                        self.may_shrink = false;
                        self.request = smaller;
                        match self.writer.write(self.request.clone()).await {
                            Ok(writing) => self.writing = writing,
                            Err(error) => return Some(Err(error)),
                        }
                        continue;
                    }
                }
            }
            return Some(told);
        }
    }
}

/// The same request with as many tokens as the context has room for, if it was refused for too many and there is room for any.
fn shrink(mut request: WritingRequest, error: &WritingError) -> Option<WritingRequest> {
    let WritingError::TooLong {
        prompt_tokens,
        context_tokens,
        ..
    } = error
    else {
        return None;
    };
    let room = context_tokens.checked_sub(*prompt_tokens)?;
    if room == 0 || room >= request.sampling.max_new_tokens {
        return None;
    }
    request.sampling.max_new_tokens = room;
    Some(request)
}
