//! What changing costs: another model in memory, another adapter between two texts, and a client that leaves.

use std::time::Duration;

use domain::models::residence::Residence as _;

use super::Rig;
use super::asked::{ask, ask_for_a_beginning, request, with_adapter};
use crate::bench::machine::processor_time;
use crate::bench::report::Row;
use crate::bench::sample::{Sample, millis};

/// Times that two models take turns in memory for one.
const SWITCHES: usize = 6;
const SWITCH_MAX: Duration = Duration::from_millis(1500);

/// Texts of two adapters, in turns and not.
const ADAPTER_TEXTS: usize = 200;
const ADAPTER_SWITCH_MAX: Duration = Duration::from_millis(1);

/// Clients that leave.
const LEAVERS: usize = 12;
/// Pieces of text that a client hears before it leaves.
const HEARD: usize = 3;
const TEXT_OF_LEAVER: u32 = 256;
/// After this an engine that goes on has used more than a step takes, by far.
const AFTER_LEAVING: Duration = Duration::from_millis(700);
/// What /proc tells of processor time is exact to this.
const TICK: Duration = Duration::from_millis(10);

/// Two models that do not fit into memory together, in turns: from asking to the first token.
pub(crate) async fn measure_models(rig: &Rig) -> anyhow::Result<Vec<Row>> {
    let models = [&rig.model, &rig.twin];
    // Each is loaded once before, so that its file is in the page cache.
    for model in models {
        ask(rig.writer.as_ref(), request(model, "def first", 1)).await?;
    }
    let mut times = Vec::new();
    for at in 0..SWITCHES {
        let asked = request(models[at % 2], &format!("def number_{at}"), 1);
        times.push(ask(rig.writer.as_ref(), asked).await?.done);
        let residents = rig.writer.ledger().await.residents.len();
        anyhow::ensure!(
            residents == 1,
            "{residents} models are in memory, so none took another's place"
        );
    }
    let times = Sample::new(times)?;
    Ok(vec![
        Row::new(
            format!("… another model instead of the one in memory, file cached, to its first token ({SWITCHES})"),
            times.median_and_max(),
        )
        .budget("< 1.5 s", times.median() < SWITCH_MAX),
    ])
}

/// Two adapters, one text each in turns, against one adapter for as many texts; each beside the other in time.
pub(crate) async fn measure_adapters(rig: &Rig) -> anyhow::Result<Vec<Row>> {
    let [one, other] = rig.adapters.as_slice() else {
        anyhow::bail!("the model has not two adapters");
    };
    let time = async |at: usize, adapter| -> anyhow::Result<Duration> {
        let asked = request(&rig.model, &format!("{at} def turn"), 1);
        let told = ask(rig.writer.as_ref(), with_adapter(asked, adapter)).await?;
        Ok(told.done)
    };
    let (mut turns, mut same) = (Vec::new(), Vec::new());
    for at in 0..ADAPTER_TEXTS {
        // Always the first of two is asked after the second, and the second after itself.
        turns.push(time(3 * at, one).await?);
        time(3 * at + 1, other).await?;
        same.push(time(3 * at + 2, other).await?);
    }
    let differences = turns.iter().zip(&same);
    let cost = differences.map(|(turn, same)| turn.saturating_sub(*same));
    let cost = Sample::new(cost.collect())?.median();
    let (turns, same) = (Sample::new(turns)?.median(), Sample::new(same)?.median());
    Ok(vec![
        Row::new(
            format!("… another adapter than the text before against the same, medians of {ADAPTER_TEXTS} texts"),
            format!(
                "{} against {} ms, median of the differences {} ms",
                millis(turns),
                millis(same),
                millis(cost)
            ),
        )
        .budget("< 1 ms more", cost < ADAPTER_SWITCH_MAX),
    ])
}

/// Clients that leave while their text is being written: the processor time that the engine still uses, in steps.
pub(crate) async fn measure_leaving(rig: &Rig) -> anyhow::Result<Vec<Row>> {
    let told = ask(rig.writer.as_ref(), request(&rig.model, "def step", 32)).await?;
    let step = Duration::from_micros(told.finished.writing_us) / told.finished.new_tokens.max(1);
    let pid = rig.pid().await?;
    let threads = u32::try_from(rig.threads)?;
    let mut used = Vec::new();
    for at in 0..LEAVERS {
        let asked = request(&rig.model, &format!("{at} def left"), TEXT_OF_LEAVER);
        let writing = ask_for_a_beginning(rig.writer.as_ref(), asked, HEARD).await?;
        let before = processor_time(pid)?;
        drop(writing);
        tokio::time::sleep(AFTER_LEAVING).await;
        used.push(processor_time(pid)?.saturating_sub(before));
    }
    let used = Sample::new(used)?;
    let allowed = step * threads + 2 * TICK;
    Ok(vec![
        Row::new(
            format!("… a client leaves while its text is written ({LEAVERS}): processor time used after that"),
            format!(
                "{}; a step takes {} ms on {threads} threads",
                used.median_and_max(),
                millis(step)
            ),
        )
        .budget("at most one step", used.max() <= allowed),
    ])
}
