//! Rows of knowledge items to and from the domain, and the names of their kinds in the database.

use sea_orm::ActiveValue::{NotSet, Set};
use serde::{Deserialize, Serialize};

use domain::ask::Topic;
use domain::id::{AccountId, ItemId};
use domain::knowledge::{ConceptBody, Item, ItemBody, ItemKind, ItemStatus, Origin, TaskBody};
use domain::{Language, StoreError, Timestamp};

use crate::entities::item;
use crate::error::corrupt;
use crate::words::storable;

#[derive(Serialize, Deserialize)]
struct TaskRow {
    code: String,
    tests: Option<String>,
    entry_point: Option<String>,
    verified: bool,
}

#[derive(Serialize, Deserialize)]
struct ConceptRow {
    topic: String,
    beginner: String,
    technical: String,
    step_by_step: String,
    see_also: Vec<String>,
}

pub(super) const fn kind_name(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Task => "task",
        ItemKind::Concept => "concept",
    }
}

pub(super) const fn origin_name(origin: Origin) -> &'static str {
    match origin {
        Origin::Library => "library",
        Origin::HumanEval => "humaneval",
        Origin::Taught => "taught",
    }
}

pub(super) const fn status_name(status: ItemStatus) -> &'static str {
    match status {
        ItemStatus::Draft => "draft",
        ItemStatus::Published => "published",
    }
}

pub(super) fn read_kind(name: &str) -> Result<ItemKind, String> {
    find_named([ItemKind::Task, ItemKind::Concept], kind_name, name)
}

pub(super) fn read_status(name: &str) -> Result<ItemStatus, String> {
    find_named(
        [ItemStatus::Draft, ItemStatus::Published],
        status_name,
        name,
    )
}

fn find_named<T: Copy, const N: usize>(
    all: [T; N],
    name_of: impl Fn(T) -> &'static str,
    name: &str,
) -> Result<T, String> {
    all.into_iter()
        .find(|one| name_of(*one) == name)
        .ok_or_else(|| format!("`{name}` is not a known name"))
}

pub(super) fn item_row(item: &Item, revision: i64) -> Result<item::ActiveModel, StoreError> {
    let refused = |error: serde_json::Error| corrupt("item", &item.key, error);
    let body = match &item.body {
        ItemBody::Task(task) => serde_json::to_string(&TaskRow {
            code: task.code.clone(),
            tests: task.tests.clone(),
            entry_point: task.entry_point.clone(),
            verified: task.verified,
        }),
        ItemBody::Concept(concept) => serde_json::to_string(&ConceptRow {
            topic: concept.topic.name().to_owned(),
            beginner: concept.beginner.clone(),
            technical: concept.technical.clone(),
            step_by_step: concept.step_by_step.clone(),
            see_also: concept.see_also.clone(),
        }),
    };
    let phrasings = serde_json::to_string(&item.phrasings).map_err(refused)?;
    Ok(item::ActiveModel {
        number: NotSet,
        id: Set(item.id.0),
        key: Set(storable(&item.key)),
        origin: Set(origin_name(item.origin).to_owned()),
        kind: Set(kind_name(item.kind()).to_owned()),
        language: Set(item.language().map(|language| language.name().to_owned())),
        status: Set(status_name(item.status).to_owned()),
        owner_id: Set(item.owner.map(|owner| owner.0)),
        revision: Set(revision),
        fingerprint: Set(storable(&item.fingerprint)),
        updated_at: Set(item.updated_at.millis()),
        title: Set(storable(&item.title)),
        description: Set(storable(&item.description)),
        phrasings: Set(phrasings),
        body: Set(body.map_err(refused)?),
    })
}

pub(super) fn read_item(row: item::Model) -> Result<Item, StoreError> {
    let id = row.id;
    decode(row).map_err(|reason| corrupt("item", id, reason))
}

fn decode(row: item::Model) -> Result<Item, String> {
    let body = match read_kind(&row.kind)? {
        ItemKind::Task => {
            let task: TaskRow = serde_json::from_str(&row.body).map_err(text)?;
            let language = row.language.ok_or("a task without a language")?;
            ItemBody::Task(TaskBody {
                language: language.parse::<Language>().map_err(text)?,
                code: task.code,
                tests: task.tests,
                entry_point: task.entry_point,
                verified: task.verified,
            })
        }
        ItemKind::Concept => {
            let concept: ConceptRow = serde_json::from_str(&row.body).map_err(text)?;
            ItemBody::Concept(ConceptBody {
                topic: find_named(
                    [Topic::DataScience, Topic::Other],
                    Topic::name,
                    &concept.topic,
                )?,
                beginner: concept.beginner,
                technical: concept.technical,
                step_by_step: concept.step_by_step,
                see_also: concept.see_also,
            })
        }
    };
    Ok(Item {
        id: ItemId(row.id),
        key: row.key,
        origin: find_named(
            [Origin::Library, Origin::HumanEval, Origin::Taught],
            origin_name,
            &row.origin,
        )?,
        title: row.title,
        description: row.description,
        phrasings: serde_json::from_str(&row.phrasings).map_err(text)?,
        body,
        owner: row.owner_id.map(AccountId),
        status: read_status(&row.status)?,
        fingerprint: row.fingerprint,
        updated_at: Timestamp::from_millis(row.updated_at),
    })
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
