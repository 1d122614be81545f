//! Data sets that are known, and how any other is named.

use contracts::events::Source;

use super::{ImportOptions, text};

/// A data set, with what its publisher wants to be shown.
#[derive(Clone, Debug)]
pub(super) struct DataSet {
    /// First part of an event's key; never changes for a data set.
    pub(super) key: String,
    name: String,
    licence: String,
    attribution: String,
}

/// What is shown where nobody says.
const NO_LICENCE: &str = "licence not stated";

impl DataSet {
    fn known(key: &str, name: &str, licence: &str, attribution: &str, options: &ImportOptions) -> Self {
        let or = |option: &Option<String>, known: &str| option.clone().unwrap_or_else(|| known.to_owned());
        Self {
            key: key.to_owned(),
            name: or(&options.source_name, name),
            licence: or(&options.licence, licence),
            attribution: or(&options.attribution, attribution),
        }
    }

    /// `kind` keeps keys of different formats apart, `name` is the best that the file tells.
    pub(super) fn other(kind: &str, name: &str, options: &ImportOptions) -> Self {
        let name = options.source_name.as_deref().unwrap_or(name);
        let name = text::cut(&text::line(name), 120);
        Self::known(&format!("{kind}:{}", name.to_lowercase()), &name, NO_LICENCE, &name, options)
    }

    /// Data set 300107 of the city of Madrid, in any of its three forms.
    pub(super) fn madrid(options: &ImportOptions) -> Self {
        Self::known(
            "madrid-300107",
            "Ayuntamiento de Madrid – Agenda de actividades y eventos",
            "datos.madrid.es, reuse with attribution",
            "Ayuntamiento de Madrid – datos.madrid.es",
            options,
        )
    }

    pub(super) fn toronto(options: &ImportOptions) -> Self {
        Self::known(
            "toronto-festivals-events",
            "City of Toronto – Festivals and Events",
            "Open Government Licence – Toronto",
            "Contains information licensed under the Open Government Licence – Toronto.",
            options,
        )
    }

    pub(super) fn berlin_markets(options: &ImportOptions) -> Self {
        Self::known(
            "markets-berlin",
            "Berlin.de – Weihnachtsmärkte in Berlin",
            "CC BY 3.0 DE",
            "Senatsverwaltung für Wirtschaft, Technologie und Forschung / Berlin.de",
            options,
        )
    }

    pub(super) fn brandenburg_markets(options: &ImportOptions) -> Self {
        Self::known(
            "markets-brandenburg",
            "Berlin.de – Weihnachtsmärkte in Brandenburg",
            "CC BY 3.0 DE",
            "Senatsverwaltung für Wirtschaft, Technologie und Forschung / Berlin.de",
            options,
        )
    }

    pub(super) fn moers_markets(options: &ImportOptions) -> Self {
        Self::known(
            "markets-moers",
            "Stadt Moers – Weihnachtsmärkte und Veranstaltungen",
            "DL-DE-Zero-2.0",
            "Stadt Moers",
            options,
        )
    }

    /// As shown on an event's page.
    pub(super) fn source(&self, url: Option<String>) -> Source {
        Source { name: self.name.clone(), licence: self.licence.clone(), attribution: self.attribution.clone(), url }
    }
}

/// A file's name as a title: no ending, no underscores.
pub(super) fn file_title(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |it| if it.0.is_empty() { name } else { it.0 });
    text::line(&stem.replace('_', " "))
}
