//! JSON as it stands in a body, before it becomes a request.
//!
//! Read in two steps, so that what is no JSON and what is JSON of another shape are told apart; and a deserializer of our own for the
//! second, because serde's takes a list for a struct, by position.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{
        self, Error as _, IntoDeserializer, Unexpected, Visitor,
        value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

/// A JSON value. An object keeps a key that is there twice: refusing it is for the type that is read.
#[derive(Debug)]
pub enum Document {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    List(Vec<Document>),
    Object(Vec<(String, Document)>),
}

impl Document {
    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Other("null"),
            Self::Bool(it) => Unexpected::Bool(*it),
            Self::Unsigned(it) => Unexpected::Unsigned(*it),
            Self::Signed(it) => Unexpected::Signed(*it),
            Self::Float(it) => Unexpected::Float(*it),
            Self::Text(it) => Unexpected::Str(it),
            Self::List(_) => Unexpected::Other("a list"),
            Self::Object(_) => Unexpected::Other("an object"),
        }
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Document, E> {
        Ok(Document::Null)
    }

    fn visit_bool<E>(self, it: bool) -> Result<Document, E> {
        Ok(Document::Bool(it))
    }

    fn visit_u64<E>(self, it: u64) -> Result<Document, E> {
        Ok(Document::Unsigned(it))
    }

    fn visit_i64<E>(self, it: i64) -> Result<Document, E> {
        Ok(Document::Signed(it))
    }

    fn visit_f64<E>(self, it: f64) -> Result<Document, E> {
        Ok(Document::Float(it))
    }

    fn visit_str<E>(self, it: &str) -> Result<Document, E> {
        Ok(Document::Text(it.to_owned()))
    }

    fn visit_string<E>(self, it: String) -> Result<Document, E> {
        Ok(Document::Text(it))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Document, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Document::List(list))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Document, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        Ok(Document::Object(object))
    }
}

/// Why a document is not what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Mismatch(String);

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self(reason.to_string())
    }
}

impl IntoDeserializer<'_, Mismatch> for Document {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Document {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self {
            // Not as serde's unit, which it would call so in the refusal.
            Self::Null => match visitor.visit_unit::<Mismatch>() {
                Err(Mismatch(reason)) => Err(Mismatch(reason.replacen("unit value", "null", 1))),
                read => read,
            },
            Self::Bool(it) => visitor.visit_bool(it),
            Self::Unsigned(it) => visitor.visit_u64(it),
            Self::Signed(it) => visitor.visit_i64(it),
            Self::Float(it) => visitor.visit_f64(it),
            Self::Text(it) => visitor.visit_string(it),
            Self::List(items) => {
                let mut items = SeqDeserializer::new(items.into_iter());
                let read = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(read)
            }
            Self::Object(entries) => {
                let mut entries = MapDeserializer::new(entries.into_iter());
                let read = visitor.visit_map(&mut entries)?;
                entries.end()?;
                Ok(read)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if matches!(self, Self::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        if !matches!(self, Self::Object(_)) {
            return Err(Mismatch::custom("must be an object"));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self {
            Self::Text(it) => visitor.visit_enum(it.into_deserializer()),
            Self::Object(entries) if entries.len() == 1 => {
                visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(entries.into_iter())))
            }
            other => Err(Mismatch::invalid_type(other.unexpected(), &"one of the names")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map identifier ignored_any
    }
}
