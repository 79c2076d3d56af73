//! The settings of the sandbox: which tiers may be used, where compiled images are kept, and which Python may be run natively.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::{Layers, Origin, Setting, path_from};

/// Where the Python with numpy and the like lies, beside the folder of the models.
const OWN_PYTHON: &str = "sandbox-python/bin/python3";

/// Which tiers of the sandbox may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SandboxMode {
    /// Every tier whose walls hold.
    Auto,
    /// WebAssembly alone.
    Wasm,
    /// None: nothing is run.
    Off,
}

impl SandboxMode {
    /// The name in settings.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Wasm => "wasm",
            Self::Off => "off",
        }
    }
}

pub(super) fn find_mode(layers: &Layers) -> anyhow::Result<Setting<SandboxMode>> {
    layers.parse(
        "CODEGENIE_SANDBOX",
        "sandbox",
        || SandboxMode::Auto,
        parse_mode,
    )
}

/// The folder set, else `cache` in the data folder.
pub(super) fn find_cache(layers: &Layers, data_dir: &Path, folder: &Path) -> Setting<PathBuf> {
    match layers.find("CODEGENIE_SANDBOX_CACHE", "sandbox_cache") {
        Some(setting) => path_from(setting, data_dir, folder),
        None => Setting {
            value: data_dir.join("cache"),
            origin: Origin::Default,
        },
    }
}

/// Every Python to try, best first: the one set, the one beside the models, the system's, those on the search path.
pub(super) fn find_pythons(
    layers: &Layers,
    data_dir: &Path,
    models_dir: &Path,
    folder: &Path,
) -> Setting<Vec<PathBuf>> {
    let mut pythons = Vec::new();
    let mut origin = Origin::Default;
    if let Some(setting) = layers.find("CODEGENIE_SANDBOX_PYTHON", "sandbox_python") {
        let set = path_from(setting, data_dir, folder);
        pythons.push(set.value);
        origin = set.origin;
    }
    pythons.extend(models_dir.parent().map(|parent| parent.join(OWN_PYTHON)));
    pythons.push(PathBuf::from("/usr/bin/python3"));
    let search_path = layers.environment.get("PATH").map_or("", String::as_str);
    let on_path = std::env::split_paths(search_path)
        .filter(|place| place.is_absolute())
        .map(|place| place.join("python3"));
    pythons.extend(on_path.filter(|python| python.exists()));
    let mut seen = std::collections::HashSet::new();
    pythons.retain(|python| seen.insert(python.clone()));
    Setting {
        value: pythons,
        origin,
    }
}

fn parse_mode(text: &str) -> anyhow::Result<SandboxMode> {
    match text {
        "auto" => Ok(SandboxMode::Auto),
        "wasm" => Ok(SandboxMode::Wasm),
        "off" => Ok(SandboxMode::Off),
        _ => bail!("`{text}` is not a way of using the sandbox; use auto, wasm or off"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(environment: &[(&str, &str)]) -> Layers {
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Layers {
            environment: environment.collect(),
            dotenv: std::collections::HashMap::new(),
            file: super::super::file::Settings::default(),
        }
    }

    #[test]
    fn the_mode_is_one_of_three() {
        let mode = |text| find_mode(&layers(&[("CODEGENIE_SANDBOX", text)])).map(|set| set.value);
        assert_eq!(mode("").unwrap(), SandboxMode::Auto);
        assert_eq!(mode("off").unwrap(), SandboxMode::Off);
        let error = format!("{:#}", mode("maybe").unwrap_err());
        assert!(error.contains("auto, wasm or off"), "{error}");
    }

    #[test]
    fn the_python_that_is_set_comes_first_and_none_twice() {
        let environment = [
            ("CODEGENIE_SANDBOX_PYTHON", "py/python3"),
            ("PATH", "/usr/bin:bin"),
        ];
        let (data, models, folder) = (Path::new("/d"), Path::new("/w/models"), Path::new("/w"));
        let found = find_pythons(&layers(&environment), data, models, folder);
        let expected = [
            "/w/py/python3",
            "/w/sandbox-python/bin/python3",
            "/usr/bin/python3",
        ];
        assert_eq!(found.value, expected.map(PathBuf::from));
        assert_eq!(
            found.origin,
            Origin::Environment("CODEGENIE_SANDBOX_PYTHON")
        );
    }

    #[test]
    fn the_cache_is_in_the_data_folder_unless_it_is_set() {
        let (data, folder) = (Path::new("/d"), Path::new("/w"));
        assert_eq!(
            find_cache(&layers(&[]), data, folder).value,
            Path::new("/d/cache")
        );
        let set = layers(&[("CODEGENIE_SANDBOX_CACHE", "shared")]);
        assert_eq!(find_cache(&set, data, folder).value, Path::new("/w/shared"));
    }
}
