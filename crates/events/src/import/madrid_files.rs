//! The three files in which the city of Madrid publishes its events.

use std::{collections::HashMap, sync::Arc};

use quick_xml::{Reader, XmlVersion, escape::resolve_xml_entity, events::Event};
use serde_json::Value;

use super::{
    ImportError, ImportOptions, MAX_RECORD, Outcome,
    input::{Input, Stream},
    json::{self, Elements},
    madrid::Row,
    source::DataSet,
};

fn outcome(line: u64, row: Row, set: &DataSet, options: &ImportOptions) -> Outcome {
    let label = row.label().to_owned();
    match row.into_draft(set, options) {
        Ok(draft) => Outcome::draft(line, draft),
        Err(reason) => Outcome::rejected(line, &label, reason),
    }
}

fn number(text: &str) -> Option<f64> {
    json::number(&Value::String(text.to_owned()))
}

fn flag(text: &str) -> Option<bool> {
    json::flag(&Value::String(text.to_owned()))
}

// --- CSV ---

/// A record that goes on over more lines than this has lost a quote.
const MAX_CSV_RECORD: usize = 256 * 1024;

/// Rows of the table. Records are cut here, not by the `csv` crate, so that a lost quote costs one row and not the rest of
/// the file, and so that each row's bytes can be decoded for themselves.
pub(super) struct CsvRecords {
    stream: Stream,
    columns: HashMap<String, usize>,
    width: usize,
    separator: u8,
    /// Lines up to here are records by themselves, whatever their quotes: a quote was lost before.
    line_by_line: u64,
    set: DataSet,
    options: Arc<ImportOptions>,
}

impl CsvRecords {
    pub(super) fn new(input: &mut Input, options: Arc<ImportOptions>) -> Result<Self, ImportError> {
        let mut stream = input.stream()?;
        stream.skip_whitespace();
        let header = stream.read_line(MAX_CSV_RECORD).unwrap_or_default();
        let count = |byte: u8| header.split(|it| *it == byte).count();
        let separator = [b';', b',', b'\t', b'|'].into_iter().max_by_key(|it| count(*it)).unwrap_or(b';');
        let names = stream.decode(&header).map(|it| split(&it, separator).unwrap_or_default()).unwrap_or_default();
        let width = names.iter().rposition(|it| !it.trim().is_empty()).map_or(0, |it| it + 1);
        let columns: HashMap<String, usize> =
            names.iter().enumerate().map(|(at, name)| (name.trim().to_uppercase(), at)).collect();
        for column in ["ID-EVENTO", "TITULO", "FECHA"] {
            if !columns.contains_key(column) {
                return Err(ImportError::MissingColumn { name: input.name.clone(), column });
            }
        }
        Ok(Self { stream, columns, width, separator, line_by_line: 0, set: DataSet::madrid(&options), options })
    }

    /// Length of the next record, its line end included, and whether its quotes are balanced.
    fn measure(&mut self) -> (usize, bool) {
        let mut wanted = 4096;
        loop {
            let separator = self.separator;
            let ahead = self.stream.ahead(wanted);
            let (mut quoted, mut field_start) = (false, true);
            let mut skip = false;
            for (at, byte) in ahead.iter().enumerate() {
                if std::mem::take(&mut skip) {
                    continue;
                }
                match byte {
                    b'"' if quoted && ahead.get(at + 1) == Some(&b'"') => skip = true,
                    b'"' if quoted => quoted = false,
                    b'"' if field_start => quoted = true,
                    b'\n' if !quoted => return (at + 1, true),
                    _ => {}
                }
                field_start = !quoted && *byte == separator;
            }
            if ahead.len() < wanted || wanted >= MAX_CSV_RECORD {
                return (ahead.len(), !quoted && wanted < MAX_CSV_RECORD);
            }
            wanted *= 4;
        }
    }

    fn record(&mut self) -> Option<Outcome> {
        self.stream.peek()?;
        let line = self.stream.line();
        if line >= self.line_by_line {
            let (length, balanced) = self.measure();
            let bytes = self.stream.ahead(length).to_vec();
            let lines = bytes.split_inclusive(|it| *it == b'\n').count() as u64;
            let record = self.fields(&bytes);
            let sound = balanced && record.as_ref().is_ok_and(|it| it.len() >= self.width);
            if sound || lines <= 1 {
                self.stream.take(length);
                return self.row(line, record);
            }
            self.line_by_line = line + lines;
        }
        let bytes = self.stream.read_line(MAX_CSV_RECORD)?;
        let record = self.fields(&bytes);
        self.row(line, record)
    }

    fn fields(&self, bytes: &[u8]) -> Result<Vec<String>, String> {
        split(&self.stream.decode(bytes)?, self.separator)
    }

    fn row(&self, line: u64, fields: Result<Vec<String>, String>) -> Option<Outcome> {
        let fields = match fields {
            Ok(fields) => fields,
            Err(reason) => return Some(Outcome::rejected(line, "row", reason)),
        };
        if fields.iter().all(|it| it.trim().is_empty()) {
            return None;
        }
        let get = |name: &str| self.columns.get(name).and_then(|at| fields.get(*at)).map_or("", |it| it.trim());
        // One column too few or too many moves all others: a text would be taken for a date.
        let extra = fields.iter().skip(self.width).any(|it| !it.trim().is_empty());
        if fields.len() < self.width || extra {
            let reason = format!("{} columns instead of {}; is a quote missing?", fields.len(), self.width);
            return Some(Outcome::rejected(line, get("TITULO"), reason));
        }
        let first = |names: &[&str]| names.iter().map(|it| get(it)).find(|it| !it.is_empty()).unwrap_or("").to_owned();
        let street = [get("CLASE-VIAL-INSTALACION"), get("NOMBRE-VIA-INSTALACION"), get("NUM-INSTALACION")];
        let row = Row {
            id: first(&["ID-EVENTO"]),
            title: first(&["TITULO"]),
            price: first(&["PRECIO"]),
            free: flag(get("GRATUITO")),
            days: first(&["DIAS-SEMANA"]),
            excluded: first(&["DIAS-EXCLUIDOS"]),
            from: first(&["FECHA"]),
            until: first(&["FECHA-FIN"]),
            hour: first(&["HORA"]),
            description: first(&["DESCRIPCION"]),
            url: first(&["CONTENT-URL"]),
            place: first(&["NOMBRE-INSTALACION"]),
            street: street.join(" "),
            postcode: first(&["CODIGO-POSTAL-INSTALACION"]),
            lat: number(get("LATITUD")),
            lon: number(get("LONGITUD")),
            kind: first(&["TIPO"]),
            audience: first(&["AUDIENCIA"]),
        };
        Some(outcome(line, row, &self.set, &self.options))
    }
}

/// The fields of one record.
fn split(text: &str, separator: u8) -> Result<Vec<String>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .buffer_capacity(1024)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let found = reader.read_record(&mut record).map_err(|error| format!("not CSV: {error}"))?;
    Ok(if found { record.iter().map(str::to_owned).collect() } else { Vec::new() })
}

impl Iterator for CsvRecords {
    type Item = Outcome;

    fn next(&mut self) -> Option<Outcome> {
        loop {
            if self.stream.peek().is_none() {
                return unreadable(&mut self.stream);
            }
            if let Some(outcome) = self.record() {
                return Some(outcome);
            }
        }
    }
}

/// What is said when the operating system ended the reading.
fn unreadable(stream: &mut Stream) -> Option<Outcome> {
    let error = stream.take_error()?;
    Some(Outcome::rejected(stream.line(), "file", format!("cannot read further: {error}")))
}

// --- JSON ---

pub(super) fn json_records(
    input: &mut Input,
    options: Arc<ImportOptions>,
) -> Result<impl Iterator<Item = Outcome> + Send + use<>, ImportError> {
    let set = DataSet::madrid(&options);
    let elements = Elements::new(input.stream()?, &["@graph"]);
    Ok(elements.map(move |element| match element.value {
        Ok(value) => outcome(element.line, json_row(&value), &set, &options),
        Err(reason) => Outcome::rejected(element.line, "record", reason),
    }))
}

fn json_row(value: &Value) -> Row {
    let text = |names: &[&str]| json::text(value, names).into_owned();
    let area = &value["address"]["area"];
    Row {
        id: text(&["uid", "id"]),
        title: text(&["title"]),
        price: text(&["price"]),
        free: json::flag(&value["free"]),
        days: json::text(&value["recurrence"], &["days"]).into_owned(),
        excluded: text(&["excluded-days"]),
        from: text(&["dtstart"]),
        until: text(&["dtend"]),
        hour: text(&["time"]),
        description: text(&["description"]),
        url: text(&["link"]),
        place: text(&["event-location"]),
        street: json::text(area, &["street-address"]).into_owned(),
        postcode: json::text(area, &["postal-code"]).into_owned(),
        lat: json::number(&value["location"]["latitude"]),
        lon: json::number(&value["location"]["longitude"]),
        kind: text(&["@type"]),
        audience: text(&["audience"]),
    }
}

// --- XML ---

/// `contenido` elements. Each is cut out by its tags and parsed for itself.
pub(super) struct XmlRecords {
    stream: Stream,
    set: DataSet,
    options: Arc<ImportOptions>,
}

const OPEN: &[u8] = b"<contenido";
const CLOSE: &[u8] = b"</contenido>";
const CDATA: &[u8] = b"<![CDATA[";

impl XmlRecords {
    pub(super) fn new(input: &mut Input, options: Arc<ImportOptions>) -> Result<Self, ImportError> {
        Ok(Self { stream: input.stream()?, set: DataSet::madrid(&options), options })
    }

    /// Goes on to the next record's first byte.
    fn find_record(&mut self) -> Option<()> {
        loop {
            let byte = self.stream.peek()?;
            if byte == b'<' {
                let ahead = self.stream.ahead(OPEN.len() + 1);
                if ahead.starts_with(OPEN) && !ahead.last().is_some_and(u8::is_ascii_alphanumeric) {
                    return Some(());
                }
            }
            self.stream.bump();
        }
    }

    /// The record with its tags, or why there is none.
    fn cut(&mut self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let mut big = false;
        let mut in_data = false;
        while let Some(byte) = self.stream.peek() {
            if byte == b'<' && !in_data {
                let ahead = self.stream.ahead(CLOSE.len());
                if ahead == CLOSE {
                    self.stream.take(CLOSE.len());
                    bytes.extend_from_slice(CLOSE);
                    return if big { Err(format!("larger than {MAX_RECORD} bytes")) } else { Ok(bytes) };
                }
                let opens = ahead.starts_with(OPEN) && !ahead.get(OPEN.len()).is_some_and(u8::is_ascii_alphanumeric);
                if opens && !bytes.is_empty() {
                    return Err("contenido is not closed before the next one".into());
                }
                in_data = ahead.starts_with(CDATA);
            } else if byte == b']' && in_data {
                in_data = !self.stream.ahead(3).starts_with(b"]]>");
            }
            self.stream.bump();
            if bytes.len() < MAX_RECORD { bytes.push(byte) } else { big = true }
        }
        Err("the file ends within this record: it may be cut off".into())
    }

    fn parse(&self, bytes: &[u8]) -> Result<Row, (String, String)> {
        let text = self.stream.decode(bytes).map_err(|reason| (String::new(), reason))?;
        // XML 1.0 forbids most control characters; the texts are cleaned later anyway.
        let text: String = text
            .chars()
            .map(|it| if it.is_control() && !matches!(it, '\n' | '\r' | '\t') { ' ' } else { it })
            .collect();
        let mut row = Row::default();
        let mut street: [String; 3] = Default::default();
        let mut whole_street = String::new();
        fill(&text, |name, value| {
            let field = match name {
                "ID-EVENTO" => &mut row.id,
                "TITULO" => &mut row.title,
                "PRECIO" => &mut row.price,
                "GRATUITO" => return row.free = flag(value),
                "DIAS-SEMANA" => &mut row.days,
                "DIAS-EXCLUIDOS-TEXT" | "DIAS-EXCLUIDOS" => &mut row.excluded,
                "FECHA-EVENTO" => &mut row.from,
                "FECHA-FIN-EVENTO" => &mut row.until,
                "HORA-EVENTO" => &mut row.hour,
                "DESCRIPCION" => &mut row.description,
                "CONTENT-URL" => &mut row.url,
                "NOMBRE-INSTALACION" => &mut row.place,
                "CLASE-VIAL" => &mut street[0],
                "NOMBRE-VIA" => &mut street[1],
                "NUM" => &mut street[2],
                "DIRECCION-INSTALACION" => &mut whole_street,
                "CODIGO-POSTAL" => &mut row.postcode,
                "LATITUD" => return row.lat = number(value),
                "LONGITUD" => return row.lon = number(value),
                "TIPO" => &mut row.kind,
                "AUDIENCIA" => &mut row.audience,
                _ => return,
            };
            value.clone_into(field);
        })
        .map_err(|reason| (row.label().to_owned(), reason))?;
        row.street = if whole_street.is_empty() { street.join(" ") } else { whole_street };
        Ok(row)
    }
}

/// Calls `set` with each `atributo` that holds a text.
fn fill(xml: &str, mut set: impl FnMut(&str, &str)) -> Result<(), String> {
    let broken = |error: &dyn std::fmt::Display| format!("not XML: {error}");
    let mut reader = Reader::from_str(xml);
    // The attribute's name and its text so far, for each open element.
    let mut open: Vec<(Option<String>, String)> = Vec::new();
    loop {
        match reader.read_event().map_err(|error| broken(&error))? {
            Event::Start(start) => {
                if open.len() > 32 {
                    return Err("nested too deeply".into());
                }
                let name = start.try_get_attribute("nombre").map_err(|error| broken(&error))?;
                let name = name
                    .map(|it| it.normalized_value(XmlVersion::Implicit1_0).map(std::borrow::Cow::into_owned))
                    .transpose();
                open.push((name.map_err(|error| broken(&error))?, String::new()));
            }
            Event::Text(text) => {
                if let Some((_, value)) = open.last_mut() {
                    value.push_str(&text.xml10_content());
                }
            }
            Event::CData(text) => {
                if let Some((_, value)) = open.last_mut() {
                    value.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                if let Some((_, value)) = open.last_mut() {
                    match reference.resolve_char_ref() {
                        Ok(Some(character)) => value.push(character),
                        _ => match resolve_xml_entity(&reference.xml10_content()) {
                            Some(text) => value.push_str(text),
                            // HTML's names are resolved later, with the markup of the text.
                            None => value.extend(["&", &reference.xml10_content(), ";"]),
                        },
                    }
                }
            }
            Event::End(_) => {
                let Some((name, value)) = open.pop() else { return Err("not XML: one tag too many".into()) };
                if let Some(name) = name
                    && !value.trim().is_empty()
                {
                    set(&name, value.trim());
                }
            }
            Event::Eof => return if open.is_empty() { Ok(()) } else { Err("not XML: a tag is not closed".into()) },
            _ => {}
        }
    }
}

impl Iterator for XmlRecords {
    type Item = Outcome;

    fn next(&mut self) -> Option<Outcome> {
        if self.find_record().is_none() {
            return unreadable(&mut self.stream);
        }
        let line = self.stream.line();
        Some(match self.cut() {
            Err(reason) => Outcome::rejected(line, "contenido", reason),
            Ok(bytes) => match self.parse(&bytes) {
                Ok(row) => outcome(line, row, &self.set, &self.options),
                Err((label, reason)) => {
                    Outcome::rejected(line, if label.is_empty() { "contenido" } else { &label }, reason)
                }
            },
        })
    }
}
