use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// A message's body. The pair of [`KIND`](Payload::KIND) and [`VERSION`](Payload::VERSION) names its shape for ever: a shape that
/// breaks readers gets a new version beside the old one; only optional fields may be added to an existing one.
pub trait Payload: Serialize + DeserializeOwned + Send + Sync {
    /// Slice and past-tense fact, such as `event.published`.
    const KIND: &'static str;
    /// Starts at 1.
    const VERSION: i16;

    /// Messages of one aggregate reach each consumer in the order in which they were committed.
    fn aggregate(&self) -> Uuid;
}

/// Implements [`Payload`] for a struct.
macro_rules! payload {
    ($type:ty, $kind:literal, $version:literal, |$it:ident| $aggregate:expr) => {
        impl $crate::Payload for $type {
            const KIND: &'static str = $kind;
            const VERSION: i16 = $version;

            fn aggregate(&self) -> uuid::Uuid {
                let $it = self;
                $aggregate
            }
        }
    };
}
pub(crate) use payload;
