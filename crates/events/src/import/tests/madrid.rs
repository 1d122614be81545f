use contracts::Category;

use super::*;

const HEADER: &str = " ID-EVENTO;TITULO;PRECIO;GRATUITO;LARGA-DURACION;DIAS-SEMANA;DIAS-EXCLUIDOS;FECHA;FECHA-FIN;HORA;DESCRIPCION;\
CONTENT-URL;NOMBRE-INSTALACION;CLASE-VIAL-INSTALACION;NOMBRE-VIA-INSTALACION;NUM-INSTALACION;CODIGO-POSTAL-INSTALACION;LATITUD;\
LONGITUD;TIPO;AUDIENCIA;\n";

fn row(id: &str, title: &str, days: &str, from: &str, until: &str, hour: &str) -> String {
    format!(
        "{id};\"{title}\";\"\";\"1\";\"0\";\"{days}\";\"\";\"{from} 00:00:00.0\";\"{until}\";\"{hour}\";\"\";\
         \"http://www.example.org/e?a=1&b=2\";\"Sala Azul\";\"CALLE\";\"DE LA LUNA\";\"4\";\"28001\";\"40.41\";\"-3.70\";\
         \"/contenido/actividades/Musica\";\"\";\n"
    )
}

fn csv(rows: &[String]) -> Vec<u8> {
    let text = format!("{HEADER}{}", rows.concat());
    encoding_rs::WINDOWS_1252.encode(&text).0.into_owned()
}

#[test]
fn an_event_with_an_hour_lasts_two_hours() {
    let event = one("a.csv", csv(&[row("7", "Canción de otoño", "", "2025-10-25", "2025-10-25 23:59:00.0", "19:00")]));
    assert_eq!(time(&event), "2025-10-25 19:00 – 2025-10-25 21:00 Europe/Madrid");
    assert_eq!(event.title, "Canción de otoño");
    assert_eq!((event.uid.as_str(), event.city.as_str(), event.language.as_str()), ("7", "Madrid", "es"));
    assert_eq!(event.category, Category::Music);
    assert_eq!(event.venue.name, "Sala Azul");
    assert_eq!(event.venue.address.as_deref(), Some("Calle de la Luna 4, 28001 Madrid"));
    assert_eq!(event.venue.lat, Some(40.41));
    assert_eq!(event.is_free, Some(true));
    assert_eq!(event.external_url.as_deref(), Some("http://www.example.org/e?a=1&b=2"));
    assert_eq!(event.source.attribution, "Ayuntamiento de Madrid – datos.madrid.es");
}

#[test]
fn the_end_of_the_day_says_nothing_also_when_the_clocks_change() {
    for until in ["2025-10-26 23:59:00.0", "2025-10-26 22:59:00.0", "2025-10-26 00:00:00.0", "2025-10-26"] {
        let event = one("a.csv", csv(&[row("7", "Feria", "", "2025-10-26", until, "")]));
        assert_eq!(time(&event), "2025-10-26 00:00 – 2025-10-26 23:59 Europe/Madrid, all day", "{until}");
    }
    let event = one("a.csv", csv(&[row("7", "Feria", "", "2025-10-26", "2025-10-26 21:15:00.0", "19:00")]));
    assert_eq!(time(&event), "2025-10-26 19:00 – 2025-10-26 21:15 Europe/Madrid");
}

#[test]
fn a_course_runs_from_its_first_to_its_last_session() {
    // 1 October 2025 is a Wednesday, and 31 October a Friday.
    let event = one("a.csv", csv(&[row("7", "Curso", "M,J", "2025-10-01", "2025-10-31 23:59:00.0", "18:30")]));
    assert_eq!(time(&event), "2025-10-02 18:30 – 2025-10-30 20:30 Europe/Madrid");
    assert_eq!(event.description, "**Horario:** martes y jueves, 18:30 h");
    let event = one("a.csv", csv(&[row("7", "Muestra", "L,M,X,J,V,S,D", "2025-10-01", "2025-10-31 23:59:00.0", "")]));
    assert_eq!(time(&event), "2025-10-01 00:00 – 2025-10-31 23:59 Europe/Madrid, all day");
}

#[test]
fn broken_rows_are_refused_with_line_and_reason() {
    let rows = [
        row("1", "", "", "2025-10-25", "2025-10-25 23:59:00.0", "19:00"),
        row("2", "Mal", "", "2025-13-25", "2025-10-25 23:59:00.0", "19:00"),
        row("3", "Al revés", "", "2025-10-25", "2025-10-24 23:59:00.0", "19:00"),
        row("4", "Hora", "", "2025-10-25", "2025-10-25 23:59:00.0", "tarde"),
        row("5", "Días", "Q", "2025-10-25", "2025-10-26 23:59:00.0", "19:00"),
        row("6", "Antiguo", "", "1925-10-25", "1925-10-26 23:59:00.0", "19:00"),
        row("7", "Bien", "", "2025-10-25", "2025-10-25 23:59:00.0", "19:00"),
        row("7", "Otra vez", "", "2025-10-25", "2025-10-25 23:59:00.0", "19:00"),
        "8;Corta\n".into(),
        "\n".into(),
    ];
    let (events, rejected) = parse("a.csv", csv(&rows));
    assert_eq!(events.len(), 1);
    let found: Vec<_> = rejected.iter().map(|it| (it.line, it.reason.as_str())).collect();
    assert_eq!(
        found,
        [
            (2, "no title"),
            (3, "FECHA 2025-13-25 00:00:00.0 is not a date"),
            (4, "ends before it starts: 2025-10-25 to 2025-10-24"),
            (5, "HORA tarde is not a time"),
            (6, "unknown day of the week Q"),
            (7, "starts in the year 1925"),
            (9, "duplicate of the record at line 8"),
            (10, "2 columns instead of 21; is a quote missing?"),
        ]
    );
}

#[test]
fn a_lost_quote_costs_one_row() {
    let good = row("1", "Una", "", "2025-10-25", "2025-10-25 23:59:00.0", "19:00");
    let bad = good.replace("\"Una\"", "\"Una");
    let other = good.replace("1;\"Una\"", "2;\"Dos\"");
    let (events, rejected) = parse("a.csv", csv(&[bad.clone(), other.clone(), other.replace("2;", "3;"), bad]));
    assert_eq!(events.iter().map(|it| it.uid.as_str()).collect::<Vec<_>>(), ["2", "3"]);
    assert_eq!(rejected.iter().map(|it| it.line).collect::<Vec<_>>(), [2, 5]);
}

#[test]
fn quoted_fields_may_have_lines_quotes_and_separators() {
    let text = row("1", "Una; \"\"dos\"\"\ny tres", "", "2025-10-25", "2025-10-25 23:59:00.0", "19:00");
    let event = one("a.csv", csv(&[text]));
    assert_eq!(event.title, "Una; \"dos\" y tres");
}

#[test]
fn a_table_without_its_columns_is_no_table_of_events() {
    let error = try_open("a.csv", "ID-EVENTO;TITULO;OTRA\n", &ImportOptions::default()).err().unwrap();
    assert_eq!(error.to_string(), "a.csv has no column FECHA");
}

const JSON: &str = r#"{ "@context": {"c": "http://www.w3.org/2002/12/cal#", "dtstart": "c:dtstart"}, "@graph": [
 { "@id": "https://datos.madrid.es/evento/7.json", "@type": "https://datos.madrid.es/kos/actividades/Musica",
   "id": "7", "title": "Canción	de otoño", "description": "", "free": 1, "price": "",
   "dtstart": "2025-10-02 19:00:00.0", "dtend": "2025-10-30 23:59:00.0", "time": "19:00", "excluded-days": "9/10/2025;",
   "recurrence": {"days": "TU,TH", "frequency": "WEEKLY", "interval": 1}, "uid": "7",
   "link": "http://www.example.org/e?a=1&b=2", "event-location": "Sala Azul
Planta 2",
   "address": {"area": {"locality": "MADRID", "postal-code": "28001", "street-address": "CALLE DE LA LUNA 4"}},
   "location": {"latitude": 40.41, "longitude": -3.7} } ] }"#;

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Contenidos><infoDataset><nombre>Agenda</nombre></infoDataset>
 <contenido><tipo>Evento</tipo><atributos idioma="es">
  <atributo nombre="ID-EVENTO">7</atributo><atributo nombre="TITULO"><![CDATA[Canción  de otoño]]></atributo>
  <atributo nombre="GRATUITO">1</atributo><atributo nombre="DIAS-SEMANA">M,J</atributo>
  <atributo nombre="DIAS-EXCLUIDOS-TEXT">9/10/2025;</atributo>
  <atributo nombre="FECHA-EVENTO">2025-10-02 00:00:00.0</atributo>
  <atributo nombre="FECHA-FIN-EVENTO">2025-10-30 23:59:00.0</atributo><atributo nombre="HORA-EVENTO">19:00</atributo>
  <atributo nombre="CONTENT-URL">http://www.example.org/e?a=1&amp;b=2</atributo>
  <atributo nombre="LOCALIZACION"><atributo nombre="NOMBRE-INSTALACION">Sala Azul, Planta 2</atributo>
   <atributo nombre="DIRECCION-INSTALACION">CALLE DE LA LUNA 4</atributo>
   <atributo nombre="CODIGO-POSTAL">28001</atributo>
   <atributo nombre="LATITUD">40.41</atributo><atributo nombre="LONGITUD">-3.7</atributo></atributo>
  <atributo nombre="TIPO">/contenido/actividades/Musica</atributo></atributos></contenido>
</Contenidos>"#;

#[test]
fn the_three_files_say_the_same() {
    let json = one("a.json", JSON);
    assert_eq!(json.title, "Canción de otoño");
    assert_eq!(json.venue.name, "Sala Azul, Planta 2");
    assert_eq!(json.description, "**Horario:** martes y jueves, 19:00 h  \n**Excepto:** 9/10/2025");
    assert_eq!(time(&json), "2025-10-02 19:00 – 2025-10-30 21:00 Europe/Madrid");
    let xml = one("a.xml", XML);
    assert_eq!(json, xml);
    let table = row("7", "Canción de otoño", "M,J", "2025-10-02", "2025-10-30 23:59:00.0", "19:00")
        .replace("Sala Azul", "Sala Azul, Planta 2")
        .replace("\"M,J\";\"\"", "\"M,J\";\"9/10/2025;\"");
    let csv = one("a.csv", csv(&[table]));
    assert_eq!(json, csv);
    assert_eq!(json.fingerprint(), csv.fingerprint());
}

#[test]
fn a_broken_xml_record_costs_itself_only() {
    let record = XML.split_once("<contenido>").unwrap().1.split_once("</contenido>").unwrap().0;
    let broken = record.replace("</atributos>", "").replace(">7<", ">8<");
    let unclosed = "<contenido><atributos><atributo nombre=\"ID-EVENTO\">9</atributo>";
    let text = format!(
        "<Contenidos>\n<contenido>{broken}</contenido>\n{unclosed}\n<contenido>{record}</contenido>\n<contenido>{record}"
    );
    let (events, rejected) = parse("a.xml", text);
    assert_eq!(events.len(), 1);
    let reasons: Vec<_> = rejected.iter().map(|it| it.reason.as_str()).collect();
    assert!(reasons[0].starts_with("not XML"), "{reasons:?}");
    assert_eq!(reasons[1], "contenido is not closed before the next one");
    assert_eq!(reasons[2], "the file ends within this record: it may be cut off");
}

#[test]
fn a_missing_place_is_taken_from_the_description_or_said_to_be_missing() {
    let text = JSON.replace("Sala Azul\nPlanta 2", "").replace(
        "\"description\": \"\"",
        "\"description\": \"Para todos.  Lugar: Parque Verde (junto al lago).  Entrada libre.\"",
    );
    let event = one("a.json", text);
    assert_eq!(event.venue.name, "Parque Verde (junto al lago)");
    assert!(event.description.starts_with("Para todos.\n\nLugar: Parque Verde"));
    let event = one("a.json", JSON.replace("Sala Azul\nPlanta 2", ""));
    assert_eq!(event.venue.name, "Lugar no indicado");
}
