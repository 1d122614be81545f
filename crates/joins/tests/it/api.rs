use serde_json::Value;

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn the_description_is_whole() {
    let api = serde_json::to_value(joins::api().into_openapi()).unwrap();
    let mut found = Vec::new();
    references(&api, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        assert!(api.pointer(&reference[1..]).is_some(), "{reference} points nowhere");
    }
    let mut ids: Vec<&str> = Vec::new();
    for operation in api["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values()) {
        assert!(operation["x-access"].is_string(), "{operation}");
        ids.push(operation["operationId"].as_str().unwrap());
    }
    ids.sort_unstable();
    let expected = [
        "admit_participant",
        "answer_questions",
        "approve_participant",
        "ban_participant",
        "claim_place",
        "create_invitation",
        "export_participants",
        "get_participation",
        "join_event",
        "keep_place",
        "leave_event",
        "list_invitations",
        "list_my_joins",
        "list_participants",
        "reject_participant",
        "remove_participant",
        "revoke_invitation",
        "unban_participant",
    ];
    assert_eq!(ids, expected);
}
