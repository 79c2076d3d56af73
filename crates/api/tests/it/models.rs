//! Looking after language models over HTTP. The models are a shelf in memory: the folder of real files has tests of its own.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::Timestamp;
use domain::accounts::Role;
use domain::models::catalogue::{
    Arriving, CatalogueError, Model, ModelCatalogue, ModelFiles, Progress, ProgressSink,
    PullRequest, QuantiseReport,
};
use domain::models::residence::{Ledger, MemoryUse, Residence, Resident, ResidentState};
use domain::models::writing::{Writer, Writing, WritingError, WritingRequest};
use domain::models::{AdapterName, Digest, ModelName};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::server::{Person, TestServer, read};
use tokio::sync::Semaphore;

/// Models by name; each pull waits until one is let go.
struct Shelf {
    models: Mutex<Vec<Model>>,
    resident: Mutex<Option<(ModelName, bool)>>,
    go: Semaphore,
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            models: Mutex::default(),
            resident: Mutex::default(),
            go: Semaphore::new(0),
        }
    }
}

fn model(name: &ModelName, size_bytes: u64) -> Model {
    Model {
        name: name.clone(),
        weights: Digest([7; 32]),
        size_bytes,
        architecture: "llama".to_owned(),
        quantisation: "Q8_0".to_owned(),
        parameters: 1000,
        context_tokens: 2048,
        has_template: true,
        licence: Some("mit".to_owned()),
        source: "upload".to_owned(),
        added_at: Timestamp::from_millis(1_700_000_000_000),
        adapters: vec!["style".parse().unwrap()],
    }
}

impl Shelf {
    fn add(&self, name: &ModelName, size_bytes: u64) -> Result<Model, CatalogueError> {
        let mut models = self.models.lock().unwrap();
        if models.iter().any(|model| model.name == *name) {
            return Err(CatalogueError::Taken(name.clone()));
        }
        let model = model(name, size_bytes);
        models.push(model.clone());
        Ok(model)
    }

    fn get(&self, name: &ModelName) -> Result<Model, CatalogueError> {
        let models = self.models.lock().unwrap();
        let found = models.iter().find(|model| model.name == *name).cloned();
        found.ok_or_else(|| CatalogueError::Unknown(name.clone()))
    }
}

#[async_trait]
impl ModelCatalogue for Shelf {
    async fn list_models(&self) -> Result<Vec<Model>, CatalogueError> {
        Ok(self.models.lock().unwrap().clone())
    }

    async fn find_files(&self, name: &ModelName) -> Result<ModelFiles, CatalogueError> {
        self.get(name).map(|model| ModelFiles {
            weights_digest: model.weights,
            weights: PathBuf::new(),
            adapters: Vec::new(),
        })
    }

    async fn pull(
        &self,
        request: &PullRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Model, CatalogueError> {
        let report = |done| {
            progress.report(Progress {
                stage: "downloading".to_owned(),
                done,
                total: Some(10),
            })
        };
        report(3);
        self.go.acquire().await.unwrap().forget();
        if !report(4) {
            return Err(CatalogueError::Cancelled);
        }
        if request.repository == "a/absent" {
            return Err(CatalogueError::Hub(
                "there is no repository a/absent".to_owned(),
            ));
        }
        self.add(request.name.as_ref().unwrap(), 10)
    }

    async fn import(
        &self,
        _: PathBuf,
        name: ModelName,
        _: &dyn ProgressSink,
    ) -> Result<Model, CatalogueError> {
        self.add(&name, 1)
    }

    async fn receive(
        &self,
        pieces: &mut dyn Arriving,
        _: Option<u64>,
        name: ModelName,
    ) -> Result<Model, CatalogueError> {
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await {
            bytes.extend(piece.map_err(CatalogueError::Invalid)?);
        }
        if !bytes.starts_with(b"GGUF") {
            return Err(CatalogueError::Invalid(
                "it does not begin with the letters GGUF".to_owned(),
            ));
        }
        self.add(&name, bytes.len() as u64)
    }

    async fn import_adapter(
        &self,
        _: PathBuf,
        model: &ModelName,
        _: AdapterName,
    ) -> Result<Model, CatalogueError> {
        self.get(model)
    }

    async fn quantise(
        &self,
        name: &ModelName,
        _: &str,
        as_name: ModelName,
        sample: Option<String>,
        _: &dyn ProgressSink,
    ) -> Result<QuantiseReport, CatalogueError> {
        let before = self.get(name)?.size_bytes;
        Ok(QuantiseReport {
            model: self.add(&as_name, before / 2)?,
            size_before_bytes: before,
            perplexity: sample.map(|_| (9.5, 9.75)),
        })
    }

    async fn remove(&self, name: &ModelName) -> Result<(), CatalogueError> {
        self.get(name)?;
        self.models
            .lock()
            .unwrap()
            .retain(|model| model.name != *name);
        Ok(())
    }
}

#[async_trait]
impl Residence for Shelf {
    async fn ledger(&self) -> Ledger {
        let resident = self.resident.lock().unwrap().clone();
        let residents = resident.map(|(model, is_pinned)| Resident {
            model,
            state: ResidentState::Ready,
            memory: MemoryUse {
                weights: 10,
                context: 5,
                adapters: 1,
                compute: 2,
            },
            adapters: Vec::new(),
            is_pinned,
            context_tokens: 2048,
            parallel_max: 4,
            gpu_layers: 0,
            running: 0,
            tokens_per_second: 0.0,
            pid: Some(1),
            started_at: Timestamp::from_millis(1_700_000_000_000),
            unload_at: None,
        });
        Ledger {
            budget_bytes: 100,
            used_bytes: 18,
            residents: residents.into_iter().collect(),
            waiting: vec![("other".parse().unwrap(), 2)],
        }
    }

    async fn load(&self, name: &ModelName) -> Result<(), WritingError> {
        self.get(name)
            .map_err(|_| WritingError::UnknownModel(name.clone()))?;
        *self.resident.lock().unwrap() = Some((name.clone(), false));
        Ok(())
    }

    async fn unload(&self, name: &ModelName) -> Result<bool, WritingError> {
        let mut resident = self.resident.lock().unwrap();
        Ok(resident.take_if(|(model, _)| model == name).is_some())
    }

    async fn pin(&self, name: &ModelName, is_pinned: bool) -> Result<bool, WritingError> {
        let mut resident = self.resident.lock().unwrap();
        let found = resident.as_mut().filter(|(model, _)| model == name);
        Ok(found.map(|(_, pinned)| *pinned = is_pinned).is_some())
    }
}

#[async_trait]
impl Writer for Shelf {
    async fn write(&self, request: WritingRequest) -> Result<Box<dyn Writing>, WritingError> {
        Err(WritingError::UnknownModel(request.model))
    }

    async fn list_names(&self) -> Vec<ModelName> {
        vec!["far/away:latest".parse().unwrap()]
    }

    async fn count_tokens(&self, _: &ModelName, _: &str) -> Option<u32> {
        None
    }
}

struct Case {
    server: TestServer,
    admin: Person,
    shelf: Arc<Shelf>,
}

impl Case {
    async fn new() -> Self {
        let shelf = Arc::new(Shelf::default());
        let server = TestServer::start_with_models(shelf.clone()).await;
        let admin = server.sign_in_as(Role::Admin).await;
        Self {
            server,
            admin,
            shelf,
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.server.request_as(&self.admin, method, path);
        read(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    async fn upload(&self, name: &str, bytes: &'static [u8]) -> (u16, Value) {
        let path = format!("/api/v1/models/{name}/weights");
        let request = self.server.request_as(&self.admin, Method::PUT, &path);
        let request = request.header("content-type", "application/octet-stream");
        read(request.body(bytes)).await
    }

    /// The job once it is no longer running.
    async fn wait(&self, job: &Value) -> Value {
        let path = format!("/api/v1/models/jobs/{}", job["id"].as_str().unwrap());
        loop {
            let (status, job) = self.call(Method::GET, &path, None).await;
            assert_eq!(status, 200, "{job}");
            if job["state"] != "running" {
                return job;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_model_is_sent_listed_and_removed() {
    let case = Case::new().await;
    let (status, sent) = case.upload("phi-2", b"GGUF and more").await;
    assert_eq!((status, &sent["name"]), (201, &json!("phi-2")), "{sent}");
    let (status, listed) = case.call(Method::GET, "/api/v1/models", None).await;
    assert_eq!(status, 200);
    let names: Vec<_> = listed["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["name"])
        .collect();
    assert_eq!(names, ["far/away:latest", "phi-2"]);
    let (remote, local) = (&listed["models"][0], &listed["models"][1]);
    assert_eq!(remote["place"], "remote");
    assert_eq!(remote["size_bytes"], Value::Null);
    assert_eq!(local["place"], "local");
    assert_eq!(local["size_bytes"], 13);
    assert_eq!(local["digest"], "07".repeat(32));
    assert_eq!(local["adapters"], json!(["style"]));
    // The only model of this machine serves every task; one of another server none unless it is named.
    assert_eq!(
        local["tasks"],
        json!(["generate", "explain-python", "explain"])
    );
    assert_eq!(remote["tasks"], json!([]));
    assert_eq!(local["resident"], Value::Null);
    let tasks = listed["tasks"].as_array().unwrap();
    assert_eq!(tasks[0]["model"], "phi-2");
    assert_eq!(tasks[1]["model"], "phi-2");

    let (status, taken) = case.upload("phi-2", b"GGUF").await;
    assert_eq!(
        (status, &taken["type"]),
        (409, &json!("/problems/conflict"))
    );
    let (status, refused) = case.upload("other", b"not a model").await;
    assert_eq!(status, 422, "{refused}");
    let (status, _) = case
        .call(Method::PUT, "/api/v1/models/other/weights", Some(json!({})))
        .await;
    assert_eq!(status, 415);

    for (expected, times) in [(204, "once"), (404, "twice")] {
        let (status, _) = case
            .call(Method::DELETE, "/api/v1/models/phi-2", None)
            .await;
        assert_eq!(status, expected, "{times}");
    }
}

#[tokio::test]
async fn a_job_is_followed_to_its_end() {
    let case = Case::new().await;
    let wish = json!({"repository": "a/b", "name": "own"});
    let (status, job) = case
        .call(Method::POST, "/api/v1/models/pull", Some(wish.clone()))
        .await;
    assert_eq!(status, 202, "{job}");
    assert_eq!(
        (&job["kind"], &job["subject"]),
        (&json!("pull"), &json!("a/b"))
    );
    // One job for one model, and not too many at once.
    let (status, twice) = case
        .call(Method::POST, "/api/v1/models/pull", Some(wish))
        .await;
    assert_eq!(status, 409, "{twice}");
    let second = json!({"repository": "a/absent", "name": "absent"});
    let (status, second) = case
        .call(Method::POST, "/api/v1/models/pull", Some(second))
        .await;
    assert_eq!(status, 202);
    let third = json!({"repository": "a/c", "name": "third"});
    let (status, many) = case
        .call(Method::POST, "/api/v1/models/pull", Some(third))
        .await;
    assert_eq!(status, 429, "{many}");

    case.shelf.go.add_permits(2);
    let ended = case.wait(&job).await;
    assert_eq!(
        (&ended["state"], &ended["model"]),
        (&json!("done"), &json!("own"))
    );
    assert_eq!(
        ended["progress"],
        json!({"stage": "downloading", "done": 4, "total": 10})
    );
    let failed = case.wait(&second).await;
    assert_eq!(failed["state"], "failed");
    assert!(failed["error"].as_str().unwrap().contains("a/absent"));
    let (_, jobs) = case.call(Method::GET, "/api/v1/models/jobs", None).await;
    let ids: Vec<_> = jobs["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| &job["id"])
        .collect();
    assert_eq!(ids, [&second["id"], &job["id"]]);
}

#[tokio::test]
async fn a_job_can_be_cancelled_and_again() {
    let case = Case::new().await;
    let wish = json!({"repository": "a/b", "name": "own"});
    let (_, job) = case
        .call(Method::POST, "/api/v1/models/pull", Some(wish))
        .await;
    let path = format!("/api/v1/models/jobs/{}", job["id"].as_str().unwrap());
    let (status, _) = case.call(Method::DELETE, &path, None).await;
    assert_eq!(status, 200);
    case.shelf.go.add_permits(1);
    assert_eq!(case.wait(&job).await["state"], "cancelled");
    let (status, again) = case.call(Method::DELETE, &path, None).await;
    assert_eq!((status, &again["state"]), (200, &json!("cancelled")));
    let (status, _) = case
        .call(Method::DELETE, "/api/v1/models/jobs/99", None)
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_smaller_copy_is_reported() {
    let case = Case::new().await;
    case.upload("own", b"GGUF567890").await;
    let wish = json!({"sample": "some text"});
    let path = "/api/v1/models/own/quantise";
    let (status, job) = case.call(Method::POST, path, Some(wish.clone())).await;
    assert_eq!(status, 202, "{job}");
    let ended = case.wait(&job).await;
    assert_eq!(ended["model"], "own.q4_k_m");
    let expected = json!({
        "size_before_bytes": 10, "size_after_bytes": 5, "perplexity_before": 9.5, "perplexity_after": 9.75
    });
    assert_eq!(ended["quantised"], expected);
    let (_, again) = case.call(Method::POST, path, Some(wish)).await;
    let again = case.wait(&again).await;
    assert!(
        again["error"].as_str().unwrap().contains("own.q4_k_m"),
        "{again}"
    );
    for wrong in [
        json!({"as_name": "A/b"}),
        json!({"kind": "x".repeat(17)}),
        json!({"x": 1}),
    ] {
        let (status, refused) = case.call(Method::POST, path, Some(wrong)).await;
        assert_eq!(status, 422, "{refused}");
    }
}

#[tokio::test]
async fn a_model_is_loaded_pinned_and_unloaded() {
    let case = Case::new().await;
    case.upload("own", b"GGUF").await;
    let post = async |act: &str| {
        case.call(Method::POST, &format!("/api/v1/models/own/{act}"), None)
            .await
            .0
    };
    let pin = async |pinned: bool| {
        let body = json!({"pinned": pinned});
        case.call(Method::PUT, "/api/v1/models/own/pin", Some(body))
            .await
            .0
    };
    assert_eq!(pin(true).await, 409, "it is not in memory");
    assert_eq!(post("load").await, 204);
    assert_eq!(pin(true).await, 204);
    let (_, ledger) = case.call(Method::GET, "/api/v1/models/ledger", None).await;
    assert_eq!(
        (&ledger["budget_bytes"], &ledger["used_bytes"]),
        (&json!(100), &json!(18))
    );
    let resident = &ledger["residents"][0];
    assert_eq!(
        (&resident["model"], &resident["pinned"]),
        (&json!("own"), &json!(true))
    );
    assert_eq!(
        resident["memory"],
        json!({"weights": 10, "context": 5, "adapters": 1, "compute": 2})
    );
    assert_eq!(ledger["waiting"], json!([{"model": "other", "count": 2}]));
    let (status, refused) = case.call(Method::DELETE, "/api/v1/models/own", None).await;
    assert_eq!(status, 409, "{refused}");
    assert_eq!(pin(false).await, 204);
    assert_eq!(post("unload").await, 204);
    assert_eq!(post("unload").await, 409);
    assert_eq!(post("load").await, 204);
    let (status, _) = case.call(Method::DELETE, "/api/v1/models/own", None).await;
    assert_eq!(status, 204);
    let (_, ledger) = case.call(Method::GET, "/api/v1/models/ledger", None).await;
    assert_eq!(ledger["residents"], json!([]), "it was unloaded first");
    let (status, _) = case
        .call(Method::POST, "/api/v1/models/own/load", None)
        .await;
    assert_eq!(status, 404);
}
