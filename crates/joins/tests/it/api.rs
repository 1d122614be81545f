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
        "become_steward",
        "claim_place",
        "create_invitation",
        "create_steward_link",
        "export_participants",
        "get_door",
        "get_outlook",
        "get_participation",
        "get_ticket",
        "get_timeline",
        "join_event",
        "keep_place",
        "leave_event",
        "list_bans",
        "list_decisions",
        "list_invitations",
        "list_messages",
        "list_my_joins",
        "list_participants",
        "list_scans",
        "list_stewards",
        "reject_participant",
        "remove_participant",
        "remove_steward",
        "revoke_invitation",
        "send_message",
        "send_scans",
        "unban_participant",
        "walk_in",
    ];
    assert_eq!(ids, expected);
}
