//! Reads passwords: a line of standard input, or typed on a terminal without being shown; a new one twice.

use std::io::{BufRead as _, Read as _, Write as _};

use anyhow::{Context as _, bail};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

/// Most bytes of a line that is read as a password.
const LINE_BYTES_MAX: u64 = 4096;

/// The password for an account, as the flag asks for it.
pub(crate) fn read(from_stdin: bool) -> anyhow::Result<String> {
    let password = if from_stdin {
        read_line()?
    } else if super::is_stdin_terminal() {
        let first = type_hidden("password: ")?;
        if type_hidden("the same again: ")? != first {
            bail!("the two passwords are not the same; nothing was changed");
        }
        first
    } else {
        bail!(
            "there is no terminal to ask for the password on; give --password-stdin and write it to standard input"
        );
    };
    if password.is_empty() {
        bail!("the password is empty; nothing was changed");
    }
    Ok(password)
}

/// The password of an account that there is, typed once.
pub(crate) fn ask(email: &str) -> anyhow::Result<String> {
    if !super::is_stdin_terminal() {
        bail!(
            "there is no terminal to ask for the password on; set CODEGENIE_PASSWORD in the environment"
        );
    }
    let password = type_hidden(&format!("password of {}: ", super::printable(email)))?;
    if password.is_empty() {
        bail!("the password is empty; nothing was changed");
    }
    Ok(password)
}

fn read_line() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .take(LINE_BYTES_MAX)
        .read_line(&mut line)
        .context("cannot read the password from standard input")?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// Raw mode for as long as this lives, whatever ends it.
struct RawMode;

impl RawMode {
    fn begin() -> anyhow::Result<Self> {
        enable_raw_mode().context("cannot keep the terminal from showing the password")?;
        Ok(Self)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = disable_raw_mode();
    }
}

fn type_hidden(prompt: &str) -> anyhow::Result<String> {
    let mut err = super::stderr();
    write!(err, "{prompt}")?;
    err.flush()?;
    let typed = {
        let _raw = RawMode::begin()?;
        read_keys()
    };
    writeln!(err)?;
    typed
}

fn read_keys() -> anyhow::Result<String> {
    let mut typed = String::new();
    loop {
        let Event::Key(KeyEvent {
            code,
            modifiers,
            kind,
            ..
        }) = crossterm::event::read().context("cannot read from the terminal")?
        else {
            continue;
        };
        if kind == KeyEventKind::Release {
            continue;
        }
        let is_control = modifiers.contains(KeyModifiers::CONTROL);
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "other keys are no part of a password"
        )]
        match code {
            KeyCode::Char('c' | 'd') if is_control => bail!("stopped; nothing was changed"),
            KeyCode::Char('u') if is_control => typed.clear(),
            KeyCode::Enter => return Ok(typed),
            KeyCode::Backspace => drop(typed.pop()),
            KeyCode::Char(c) if !is_control => typed.push(c),
            _ => {}
        }
    }
}
