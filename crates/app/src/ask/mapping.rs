//! Which language model answers: the one that was asked for, the task's own, or whichever there is.

use domain::Language;
use domain::models::writing::Writer;
use domain::models::{ModelName, ModelTask, TaskSettings};

use super::recall::Request;

/// Tokens of a prompt with its answer, unless a setting says otherwise.
const CONTEXT_TOKENS: u32 = 4096;

/// Letters that part a model's name from how it was quantised, as in `phi-2.Q4_K_M`.
const NAME_ENDS: [char; 4] = ['.', '-', '_', ':'];

/// Which models serve which task, and how much they are given to read.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelMapping {
    /// Writing code.
    pub generate: TaskSettings,
    /// Explaining Python.
    pub explain_python: TaskSettings,
    /// Explaining anything else.
    pub explain: TaskSettings,
    /// Tokens a prompt may have together with its answer. A model that reads fewer is given fewer.
    pub context_tokens: u32,
}

impl Default for ModelMapping {
    fn default() -> Self {
        Self {
            generate: TaskSettings::usual(ModelTask::Generate),
            explain_python: TaskSettings::usual(ModelTask::ExplainPython),
            explain: TaskSettings::usual(ModelTask::Explain),
            context_tokens: CONTEXT_TOKENS,
        }
    }
}

impl ModelMapping {
    /// The settings of a task.
    pub const fn settings(&self, task: ModelTask) -> &TaskSettings {
        match task {
            ModelTask::Generate => &self.generate,
            ModelTask::ExplainPython => &self.explain_python,
            ModelTask::Explain => &self.explain,
        }
    }

    /// The model that serves `task` when nobody asked for another, among those that can be asked: the first of the task's own
    /// that is there, else the task's second choice, else the first of this machine, so that the only model somebody brought is used. A model of another server is
    /// used only when a task or the asker names it, because what people write then leaves this machine.
    pub fn find_model(&self, task: ModelTask, present: &[ModelName]) -> Option<ModelName> {
        let settings = self.settings(task);
        let mut wanted = settings.models.iter().chain(&settings.fail_over);
        let own = wanted.find_map(|wanted| present.iter().find(|name| is_model(name, wanted)));
        let mut local = present.iter().filter(|name| !name.as_str().contains('/'));
        own.or_else(|| local.next()).cloned()
    }

    /// The task's second choice, when that is not `first`: what is installed of it, or the model of another server, of which it
    /// shows when it is asked whether it can be reached.
    fn find_second(
        &self,
        task: ModelTask,
        present: &[ModelName],
        first: &ModelName,
    ) -> Option<ModelName> {
        let wanted = self.settings(task).fail_over.as_ref()?;
        let found = present.iter().find(|name| is_model(name, wanted));
        let remote = || Some(wanted).filter(|wanted| wanted.as_str().contains('/'));
        found
            .or_else(remote)
            .filter(|second| *second != first)
            .cloned()
    }

    /// The first model of another server that the task names before `found` and that is not there. Those of this machine are not
    /// meant: most tasks name some that nobody installed.
    fn find_missed(
        &self,
        task: ModelTask,
        present: &[ModelName],
        found: Option<&ModelName>,
    ) -> Option<ModelName> {
        let models = self.settings(task).models.iter();
        models
            .take_while(|wanted| found.is_none_or(|found| !is_model(found, wanted)))
            .find(|wanted| wanted.as_str().contains('/') && !present.contains(wanted))
            .cloned()
    }
}

/// Whether `name` is `wanted`, or a file of it whose name goes on with how it was quantised.
fn is_model(name: &ModelName, wanted: &ModelName) -> bool {
    let (name, wanted) = (name.as_str(), wanted.as_str());
    let Some((head, tail)) = name.split_at_checked(wanted.len()) else {
        return false;
    };
    head.eq_ignore_ascii_case(wanted) && (tail.is_empty() || tail.starts_with(NAME_ENDS))
}

/// Whether a language model takes part, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// This one; `is_wish` when the asker chose it.
    Use {
        model: ModelName,
        is_wish: bool,
        /// Who is asked when it fails before its first word.
        second: Option<ModelName>,
        /// A model of another server that the task names and that cannot be reached.
        missed: Option<ModelName>,
    },
    /// The asker chose one that is not there.
    Missing { wanted: ModelName, has_others: bool },
    /// There is none.
    None {
        /// A model of another server that the task names and that cannot be reached.
        missed: Option<ModelName>,
    },
}

impl Choice {
    /// The model for `task`.
    pub(super) async fn make(
        writer: &dyn Writer,
        mapping: &ModelMapping,
        task: ModelTask,
        wanted: Option<&ModelName>,
    ) -> Self {
        let present = writer.list_names().await;
        match wanted {
            Some(wanted) if present.contains(wanted) => Self::Use {
                model: wanted.clone(),
                is_wish: true,
                // Whoever chose a model gets that or none.
                second: None,
                missed: None,
            },
            Some(wanted) => Self::Missing {
                wanted: wanted.clone(),
                has_others: !present.is_empty(),
            },
            None => {
                let found = mapping.find_model(task, &present);
                let missed = mapping.find_missed(task, &present, found.as_ref());
                match found {
                    Some(model) => Self::Use {
                        second: mapping.find_second(task, &present, &model),
                        model,
                        is_wish: false,
                        missed,
                    },
                    None => Self::None { missed },
                }
            }
        }
    }

    /// What is said when the asker's wish cannot be granted.
    pub(super) fn regret(&self) -> Option<String> {
        match self {
            Self::Missing {
                wanted,
                has_others: false,
            } => Some(format!(
                "The model `{wanted}` was asked for, but no language model is installed."
            )),
            Self::Missing {
                wanted,
                has_others: true,
            } => Some(format!(
                "The model `{wanted}` was asked for, but it is not installed; choose one of those that are."
            )),
            Self::Use {
                model,
                missed: Some(missed),
                ..
            } => Some(format!(
                "The model `{missed}` cannot be reached, so `{model}` was asked instead."
            )),
            Self::None {
                missed: Some(missed),
            } => Some(format!(
                "The model `{missed}` cannot be reached, so this is told without a language model."
            )),
            Self::Use { missed: None, .. } | Self::None { missed: None } => None,
        }
    }
}

/// The task of an explanation.
pub(super) fn explaining(request: &Request) -> ModelTask {
    let language = match &request.code {
        Some(code) => code.language.or(request.language),
        None => request.language,
    };
    if language == Some(Language::Python) {
        ModelTask::ExplainPython
    } else {
        ModelTask::Explain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<ModelName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn found(present: &[&str], task: ModelTask) -> Option<String> {
        ModelMapping::default()
            .find_model(task, &names(present))
            .map(|name| name.to_string())
    }

    #[test]
    fn the_first_of_the_tasks_models_that_is_there_is_used() {
        let all = ["deepseek-coder-1.3b-instruct", "gemma-2b-it", "phi-2"];
        assert_eq!(found(&all, ModelTask::Generate).unwrap(), all[0]);
        assert_eq!(found(&all, ModelTask::ExplainPython).unwrap(), all[1]);
        assert_eq!(found(&all, ModelTask::Explain).unwrap(), all[0]);
        assert_eq!(
            found(&["a", "Phi-2.Q4_K_M"], ModelTask::Generate).unwrap(),
            "Phi-2.Q4_K_M"
        );
    }

    #[test]
    fn the_second_choice_comes_before_what_nobody_named() {
        let mut mapping = ModelMapping::default();
        mapping.generate.models = names(&["lab/big", "phi-2"]);
        mapping.generate.fail_over = Some("lab/small".parse().unwrap());
        let find = |present: &[&str]| {
            let present = names(present);
            let found = mapping.find_model(ModelTask::Generate, &present);
            let missed = mapping.find_missed(ModelTask::Generate, &present, found.as_ref());
            let text = |name: Option<ModelName>| name.map(|name| name.to_string());
            (text(found), text(missed))
        };
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(find(&["lab/big", "phi-2"]), (some("lab/big"), None));
        assert_eq!(
            find(&["lab/small", "mine"]),
            (some("lab/small"), some("lab/big"))
        );
        assert_eq!(find(&["mine", "phi-2"]), (some("phi-2"), some("lab/big")));
        assert_eq!(find(&["mine"]), (some("mine"), some("lab/big")));
        assert_eq!(find(&[]), (None, some("lab/big")));
    }

    #[test]
    fn the_second_choice_is_what_is_installed_of_it_and_never_the_first_again() {
        let mut mapping = ModelMapping::default();
        let mut second = |fail_over: &str, present: &[&str], first: &str| {
            mapping.generate.fail_over = Some(fail_over.parse().unwrap());
            let found = mapping.find_second(
                ModelTask::Generate,
                &names(present),
                &first.parse().unwrap(),
            );
            found.map(|name| name.to_string())
        };
        let present = ["lab/big", "phi-2.q8_0"];
        assert_eq!(second("phi-2", &present, "lab/big").unwrap(), "phi-2.q8_0");
        assert_eq!(second("phi-2", &present, "phi-2.q8_0"), None);
        assert_eq!(second("gemma", &present, "lab/big"), None);
        assert_eq!(second("far/away", &present, "lab/big").unwrap(), "far/away");
        assert_eq!(second("lab/big", &present, "lab/big"), None);
    }

    #[test]
    fn a_model_nobody_mapped_is_used_when_it_is_the_only_one() {
        assert_eq!(found(&["mine"], ModelTask::Explain).unwrap(), "mine");
        assert_eq!(found(&["phi-25"], ModelTask::Generate).unwrap(), "phi-25");
        assert_eq!(
            found(&["another", "phi-25"], ModelTask::Generate).unwrap(),
            "another",
            "phi-25 is not phi-2"
        );
        assert_eq!(found(&[], ModelTask::Generate), None);
        let remote = ["lab/mistral", "mine"];
        assert_eq!(found(&remote, ModelTask::Generate).unwrap(), "mine");
        assert_eq!(found(&remote[..1], ModelTask::Generate), None);
    }
}
