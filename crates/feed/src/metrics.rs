//! Lists in numbers.

use std::{sync::LazyLock, time::Instant};

use platform::metrics::{self, Buckets, Family, Histogram, LabelSet, SECONDS};

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct Kind {
    /// `list`, or `search`, which has words to look for. They are one route, and very different work.
    kind: &'static str,
}

static DURATION: LazyLock<Family<Kind, Histogram, Buckets>> = LazyLock::new(|| {
    metrics::histogram(
        "cityevents_feed_list_duration_seconds",
        "How long a page of events took, answered or not",
        SECONDS,
    )
});

/// Shows everything from the beginning on.
pub fn start() {
    for kind in ["list", "search"] {
        drop(DURATION.get_or_create_owned(&Kind { kind }));
    }
}

/// A page that is being read; measured when it is dropped.
pub struct Reading {
    kind: &'static str,
    started: Instant,
}

impl Reading {
    pub fn start(is_search: bool) -> Self {
        Self { kind: if is_search { "search" } else { "list" }, started: Instant::now() }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        DURATION.get_or_create(&Kind { kind: self.kind }).observe(self.started.elapsed().as_secs_f64());
    }
}
