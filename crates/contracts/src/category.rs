use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! categories {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// What kind of event it is. One list for the whole product: API, database, covers, filters.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
        )]
        #[serde(rename_all = "lowercase")]
        #[sqlx(type_name = "text", rename_all = "lowercase")]
        pub enum Category { $($(#[$doc])* $variant),+ }

        impl Category {
            /// Every category, in the order in which they are shown.
            pub const ALL: &[Category] = &[$(Category::$variant),+];

            /// The name in API, database and URLs.
            pub const fn as_str(self) -> &'static str {
                match self { $(Category::$variant => $name),+ }
            }
        }
    };
}

categories! {
    /// Concerts, opera, DJ nights.
    Music = "music",
    /// Taking part in or watching sport.
    Sport = "sport",
    /// Exhibitions, galleries, museums.
    Art = "art",
    /// Theatre, dance, comedy, circus.
    Theatre = "theatre",
    /// Food and drink.
    Food = "food",
    /// Technology meetups and hack nights.
    Tech = "tech",
    /// Lectures, readings, debates, courses.
    Talks = "talks",
    /// For children and families.
    Family = "family",
    /// Markets and fairs.
    Market = "market",
    /// Walks, nature, gardens.
    Outdoors = "outdoors",
    /// Neighbourhood, volunteering, festivities.
    Community = "community",
    /// Film and cinema.
    Film = "film",
    /// Health, yoga, meditation.
    Wellbeing = "wellbeing",
    /// Everything else.
    Other = "other",
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not one of [`Category::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCategory;

impl fmt::Display for UnknownCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown category")
    }
}

impl std::error::Error for UnknownCategory {}

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|category| category.as_str() == s).ok_or(UnknownCategory)
    }
}
