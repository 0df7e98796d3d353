//! A failover to a replica of PostgreSQL that lags: devices show versions that the state has lost.

use std::time::Duration;

use serde_json::json;

use crate::nodes::behind_proxy;
use crate::postgres::{Replica, database_address, on_postgres, stop_cluster};
use crate::server::{CHAT, eventually, pictures, testdata};

#[test]
fn after_a_failover_to_a_replica_that_lags_a_change_goes_past_what_the_device_shows() {
    on_postgres(|| {
        let (server, proxy) = behind_proxy(Duration::ZERO, &[("IMAGE_INGEST__TIMES__REPAIR_MS", "100")]);
        let [picture, other] = pictures();
        let first = server.put(CHAT, &picture).json();
        server.put("grp_quiet", &picture);
        let url = server.home().setting("IMAGE_INGEST__DATABASE__URL").unwrap();
        let replica = Replica::start(&url);
        eventually("the replica has not the chats", || replica.holds("(SELECT COUNT(*) FROM chats) = 2"));

        // The replica gets no more of the log. The device shows version 3 when the primary ends.
        replica.cut();
        server.put(CHAT, &other);
        assert_eq!(server.put(CHAT, &testdata("webp/lossy_333x251.webp")).json()["background_version"], 3);
        stop_cluster();
        replica.promote();
        proxy.lead_to(database_address(&replica.url));

        eventually("the replica is not used", || server.send(&server.background("GET", CHAT)).status == 200);
        let lost = server.get(CHAT);
        assert_eq!((&lost["background_version"], &lost["background_id"]), (&json!(1), &first["background_id"]));
        let set = server.put(CHAT, &other).json();
        assert_eq!(
            (&set["background_version"], &set["changed"]),
            (&json!(4), &json!(true)),
            "past version 3 of the device"
        );
        assert_eq!(server.object(&set["background_url"]).status, 200);
        assert_eq!(server.get(CHAT)["background_version"], 4);
        assert_eq!(server.put(CHAT, &other).json()["changed"], false);
        assert_eq!(server.get("grp_quiet")["background_version"], 1, "what was not lost goes on");
        server.settle();
        let home = server.kill();
        let check =
            home.command(&[("IMAGE_INGEST__DATABASE__URL", &replica.url)]).args(["check", "--devices"]).output();
        let check = check.unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    });
}
