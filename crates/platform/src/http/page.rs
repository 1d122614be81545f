use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, de, de::DeserializeOwned};
use serde_json::Value;

use crate::problem::Problem;

/// How many items a page has, 1 to 100; 20 if the caller does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(i64);

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl Limit {
    /// Items on the page.
    pub fn get(self) -> i64 {
        self.0
    }

    /// Rows to read: one more than the page, which tells whether there is a next one.
    pub fn rows(self) -> i64 {
        self.0 + 1
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse() {
            Ok(limit @ 1..=100) => Ok(Self(limit)),
            _ => Err(de::Error::custom("must be a whole number from 1 to 100")),
        }
    }
}

/// The two query parameters of every list.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Items a page, 1 to 100.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100, example = 20)]
    pub limit: Limit,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor>,
}

/// Where a page begins: opaque to callers, the keyset of the last item to us.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// Packs a keyset.
    pub fn new<K: Serialize>(key: &K) -> Self {
        Self(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default()))
    }

    /// Unpacks it.
    ///
    /// # Errors
    /// A validation problem that names `cursor`, if it is not one of this list's.
    pub fn key<K: DeserializeOwned>(&self) -> Result<K, Problem> {
        let decoded = URL_SAFE_NO_PAD.decode(&self.0).ok();
        let value: Option<Value> = decoded.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        value.filter(is_in_time).and_then(|value| serde_json::from_value(value).ok()).ok_or_else(|| {
            Problem::invalid("cursor", "is not a cursor of this list; leave it out to start from the beginning")
        })
    }

    /// As it stands in the URL.
    pub fn into_inner(self) -> String {
        self.0
    }
}

/// Whether every instant in it is one that a database knows: nobody's page begins before the year 1 or after 9999.
fn is_in_time(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            text.parse::<DateTime<Utc>>().map_or(true, |instant| (1..=9999).contains(&instant.year()))
        }
        Value::Array(items) => items.iter().all(is_in_time),
        _ => true,
    }
}

/// A page of a list.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// At most `limit` items.
    pub items: Vec<T>,
    /// Send as `cursor` to go on; `null` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Cuts what [`Limit::rows`] read to a page; `key` is an item's keyset.
    pub fn new<K: Serialize>(mut items: Vec<T>, limit: Limit, key: impl FnOnce(&T) -> K) -> Self {
        let size = usize::try_from(limit.get()).unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        let next_cursor = items.last().filter(|_| more).map(|last| Cursor::new(&key(last)).into_inner());
        Self { items, next_cursor }
    }

    /// The same page of other items.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next_cursor: self.next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_whether_there_is_another() {
        let limit = Limit(2);
        let page = Page::new(vec![1, 2, 3], limit, |n| *n);
        assert_eq!(page.items, [1, 2]);
        let cursor = Cursor(page.next_cursor.unwrap());
        assert_eq!(cursor.key::<i32>().unwrap(), 2);
        assert_eq!(Page::new(vec![1, 2], limit, |n| *n).next_cursor, None);
    }

    #[test]
    fn a_foreign_cursor_names_the_field() {
        let ancient = Cursor::new(&("-5000-01-01T00:00:00Z", 1)).into_inner();
        let problem = Cursor(ancient).key::<(DateTime<Utc>, i64)>().unwrap_err().document();
        assert_eq!(problem.errors[0].field, "cursor");
        for bad in ["", "!!", "bm9wZQ", &"A".repeat(10_000)] {
            let problem = Cursor(bad.to_owned()).key::<(i64, i64)>().unwrap_err().document();
            assert_eq!(problem.errors[0].field, "cursor", "{bad}");
        }
    }
}
