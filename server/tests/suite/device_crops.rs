//! Tests of what devices show: the rendition that covers their screen, or a crop of the image.

use std::path::Path;

use image_ingest::{Ingest, inspect};
use image_ingest_agent::{ChatRef, Device};

use crate::agents::{add_agent, run_agent};
use crate::renditions::{QUICK, configured, decoded, files, made};
use crate::server::{CHAT, Home, eventually, pictures, testdata};

/// The picture that a device shows.
fn shown(folder: &Path) -> Vec<u8> {
    let device = Device::open(folder, 1170, 2532).unwrap();
    let chat = ChatRef { number: "+15550000001", account: "demo", chat: "+15551234567" };
    std::fs::read(device.picture(chat).unwrap().unwrap()).unwrap()
}

#[test]
fn the_device_of_the_server_shows_its_rendition_as_it_is() {
    let server = configured().start();
    server.put(CHAT, &pictures()[0]);
    let folder = server.home().data().join("device");
    let crop = &made(&pictures()[0]).renditions[1];
    assert!(shown(&folder) == crop.bytes);
}

#[test]
fn the_device_of_the_server_shows_what_was_made_for_it_where_no_rendition_is_that() {
    let home = Home::new(&[("IMAGE_INGEST__RENDITIONS__DEVICE-0", "fit:100"), QUICK[0], QUICK[1]]);
    let server = home.start();
    let set = server.put(CHAT, &pictures()[0]).json();
    let names: Vec<&str> = set["background_renditions"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((names, files(server.home())), (vec!["device-0"], 2), "it is no rendition of the image");
    assert!(shown(&server.home().data().join("device")) == made(&pictures()[0]).renditions[1].bytes);
    assert_eq!(decoded(&server), 1.0);
    server.settle();
    assert!(server.kill().admin(&["check", "--devices"]).0);
}

#[cfg(debug_assertions)]
#[test]
fn the_device_of_the_server_crops_the_image_of_a_change_that_a_repair_sends() {
    let server = Home::new(&QUICK).start_with(&[("IMAGE_INGEST_CRASH_AT", "before_device")]);
    assert!(server.background("PUT", CHAT).parts(&[("background", &pictures()[0])]).send(server.address).is_err());
    let mut home = server.ended().1;
    home.set("IMAGE_INGEST__TIMES__DEVICE_MS", "100");
    let server = home.start();
    eventually("it is pending", || server.get(CHAT)["background_state"] == "applied");
    let (crop, own) = (&made(&pictures()[0]).renditions[1], shown(&server.home().data().join("device")));
    assert!(own != crop.bytes);
    let size = inspect(&Ingest::default().source(own).unwrap()).unwrap().header.size();
    assert!(size.width.abs_diff(crop.size.width) <= 1 && size.height == crop.size.height, "{size:?}");
}

#[cfg(debug_assertions)]
#[test]
fn a_change_that_a_repair_sends_shows_the_stored_rendition() {
    let server = configured().start_with(&[("IMAGE_INGEST_CRASH_AT", "before_device")]);
    assert!(server.background("PUT", CHAT).parts(&[("background", &pictures()[0])]).send(server.address).is_err());
    let mut home = server.ended().1;
    home.set("IMAGE_INGEST__TIMES__DEVICE_MS", "100");
    let server = home.start();
    eventually("it is pending", || server.get(CHAT)["background_state"] == "applied");
    assert_eq!(decoded(&server), 0.0);
    assert!(shown(&server.home().data().join("device")) == made(&pictures()[0]).renditions[1].bytes);
}

#[test]
pub(crate) fn an_agent_shows_its_rendition_or_crops_an_image_that_has_none() {
    let server = configured().start();
    let credential = add_agent(&server, "phone", "+15550000001");
    assert_eq!(server.put(CHAT, &pictures()[0]).status, 502, "no agent has asked");
    let folder = tempfile::tempdir().unwrap();
    let _agent = run_agent(server.address, &credential, folder.path());
    eventually("it is pending", || server.get(CHAT)["background_state"] == "applied");
    assert!(shown(folder.path()) == made(&pictures()[0]).renditions[1].bytes);

    let objects = server.home().data().join("objects");
    std::fs::remove_dir_all(&objects).unwrap();
    std::fs::write(&objects, b"").unwrap();
    let other = testdata("webp/lossy_333x251.webp");
    eventually("the agent has not the image", || server.put(CHAT, &other).status == 200);
    let size = inspect(&Ingest::default().source(shown(folder.path())).unwrap()).unwrap().header.size();
    let crop = made(&other).renditions[1].size;
    assert!(size.width.abs_diff(crop.width) <= 1 && size.height == crop.height, "{size:?}");
}
