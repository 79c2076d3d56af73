//! Requests with adapters and without, beside each other.

use testmodels::{CopyAdapter, write_copy_adapter};

use super::{Engine, Order, copy_model};

const TEXT: &str = "a queue of blue boats on the sea, one after another";

#[test]
fn each_request_is_written_under_its_own_adapter() {
    let (folder, model) = copy_model();
    let mut more = ["--context-tokens", "512", "--parallel", "6"]
        .map(str::to_owned)
        .to_vec();
    for (name, adapter) in [
        ("spaces", CopyAdapter::Spaces),
        ("umlauts", CopyAdapter::Umlauts),
    ] {
        let path = folder.path().join(name);
        write_copy_adapter(adapter, &path).unwrap();
        more.extend(["--adapter".to_owned(), path.to_str().unwrap().to_owned()]);
    }
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    let mut engine = Engine::start(&model, &more);
    let files: u64 = ["spaces", "umlauts"]
        .iter()
        .map(|name| std::fs::metadata(folder.path().join(name)).unwrap().len())
        .sum();
    assert_eq!(engine.ready["ready"]["adapters_bytes"], files);
    let order = |id: u64| {
        let order = Order::chat(id, "", TEXT).sampled("max_new_tokens", 80);
        match id % 3 {
            0 => order,
            number => order.with("adapter", number - 1),
        }
    };
    let alone: Vec<String> = (0..3).map(|id| engine.write(order(id)).text).collect();
    assert_eq!(alone[0], TEXT);
    assert!(
        alone[1].contains('␣') && !alone[1].contains('ü'),
        "{}",
        alone[1]
    );
    assert!(
        alone[2].contains('ü') && !alone[2].contains('␣'),
        "{}",
        alone[2]
    );
    for round in 0..3 {
        let orders: Vec<Order> = (0..6)
            .map(|id| order(id).with("owner", format!("{round} {id}")))
            .collect();
        for (told, id) in engine.write_all(&orders).into_iter().zip(0_usize..) {
            assert_eq!(told.text, alone[id % 3]);
        }
    }
}
