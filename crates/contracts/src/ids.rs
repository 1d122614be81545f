//! Identifiers. All are UUIDv7 (RFC 9562): sortable by time of creation, so that indexes stay dense.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        #[schema(value_type = Uuid)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier whose time part is `now`.
            pub fn new(now: DateTime<Utc>) -> Self {
                Self(v7(now))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }
    };
}

id!(/// An account.
    UserId);
id!(/// A published or planned event.
    EventId);
id!(/// One person's place (or place in the line) at one event.
    JoinId);
id!(/// A sign-in: one browser, or one API client's family of refresh tokens.
    SessionId);
id!(/// A message in an outbox; also its key in every inbox.
    MessageId);

/// A UUIDv7 whose time part is `now`; times before 1970 count as 1970.
pub(crate) fn v7(now: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos()))
}
