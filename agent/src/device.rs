//! A device's backgrounds as files in one folder for each chat. A change is atomic, and an older version is ignored.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use image_ingest::rendition::RenditionSpec;
use image_ingest::{ContentId, Geometry, Ingest, Profile, Source};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

/// The backgrounds of the chats of one device, or of several numbers.
///
/// A chat's folder holds `state.json`, the picture that it names, and a lock. The picture is written first and
/// `state.json` replaced last, both synced, so a crash leaves the old background or the new one.
#[derive(Debug)]
pub struct Device {
    root: PathBuf,
    ingest: Ingest,
    crop: RenditionSpec,
}

/// A chat of an account, and the number it is reached by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatRef<'a> {
    /// The number that the chat is reached by.
    pub number: &'a str,
    /// The account whose chat it is. Versions of different accounts are not compared.
    pub account: &'a str,
    /// The chat, normalised.
    pub chat: &'a str,
}

/// The background that a device has for a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    account: String,
    chat: String,
    /// The last version applied.
    pub version: u64,
    /// The content id of the object that is applied; `None` after a removal.
    pub id: Option<String>,
    /// The name of the picture's file in the folder.
    file: Option<String>,
}

/// Why a device did not take a change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The BLAKE3 of the bytes is not the id.
    #[error("the object's BLAKE3 is not its id")]
    WrongObject,
    /// The picture could not be made for the screen.
    #[error("the picture cannot be cropped")]
    Picture(#[from] image_ingest::Error),
    /// The folder could not be read or written.
    #[error("the device's folder fails")]
    Folder(#[from] io::Error),
}

impl Device {
    /// A device whose backgrounds are kept under `root`, cropped to cover `width` × `height` pixels.
    ///
    /// # Errors
    ///
    /// The folder cannot be created, or the size is outside the range of [`Geometry::Cover`].
    pub fn open(root: impl Into<PathBuf>, width: u32, height: u32) -> Result<Self, DeviceError> {
        let root = root.into();
        fs::create_dir_all(&root)?;
        let mut profile = Profile::default();
        profile.geometry = Geometry::Cover { width, height };
        let ingest = Ingest::builder().profile(profile).build()?;
        Ok(Self { root, ingest, crop: RenditionSpec::new(Geometry::Cover { width, height }) })
    }

    /// The rendition that the device shows as it is. Where there is none, it crops the canonical image itself.
    #[must_use]
    pub fn crop(&self) -> &RenditionSpec {
        &self.crop
    }

    /// Makes `bytes` the chat's background, unless the device has this version or a newer one. Returns what the device
    /// has afterwards.
    ///
    /// # Errors
    ///
    /// [`DeviceError`]. The old background stays.
    pub fn apply(&self, chat: ChatRef<'_>, version: u64, id: ContentId, bytes: Bytes) -> Result<Held, DeviceError> {
        if ContentId::of(&bytes) != id {
            return Err(DeviceError::WrongObject);
        }
        if let Some(newer) = self.not_older(chat, version)? {
            return Ok(newer);
        }
        let picture = self.ingest.ingest(Source::new(bytes, self.ingest.limits())?)?;
        self.replace(chat, version, Some((id, &picture.bytes)))
    }

    /// Makes `cropped`, the rendition [`Self::crop`] of the image `id`, the chat's background without decoding
    /// anything, unless the device has this version or a newer one. The caller has verified the bytes. Returns what
    /// the device has afterwards.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Folder`]. The old background stays.
    pub fn apply_cropped(
        &self,
        chat: ChatRef<'_>,
        version: u64,
        id: ContentId,
        cropped: &[u8],
    ) -> Result<Held, DeviceError> {
        match self.not_older(chat, version)? {
            Some(newer) => Ok(newer),
            None => self.replace(chat, version, Some((id, cropped))),
        }
    }

    /// Removes the chat's background, unless the device has this version or a newer one. Returns what the device has
    /// afterwards.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Folder`].
    pub fn clear(&self, chat: ChatRef<'_>, version: u64) -> Result<Held, DeviceError> {
        self.replace(chat, version, None)
    }

    /// The background that the device has for the chat; `None` if it never had one.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Folder`].
    pub fn read(&self, chat: ChatRef<'_>) -> Result<Option<Held>, DeviceError> {
        let text = match fs::read(self.folder(chat).join(STATE)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let held: Held = serde_json::from_slice(&text).map_err(io::Error::from)?;
        Ok(Some(held).filter(|held| held.account == chat.account && held.chat == chat.chat))
    }

    /// The chat's picture as the device shows it.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Folder`].
    pub fn picture(&self, chat: ChatRef<'_>) -> Result<Option<PathBuf>, DeviceError> {
        Ok(self.read(chat)?.and_then(|held| held.file).map(|file| self.folder(chat).join(file)))
    }

    fn not_older(&self, chat: ChatRef<'_>, version: u64) -> Result<Option<Held>, DeviceError> {
        Ok(self.read(chat)?.filter(|held| held.version >= version))
    }

    fn replace(
        &self,
        chat: ChatRef<'_>,
        version: u64,
        picture: Option<(ContentId, &[u8])>,
    ) -> Result<Held, DeviceError> {
        let folder = self.folder(chat);
        fs::create_dir_all(&folder)?;
        // A file lock allows one writer for each chat, also across processes. Closing the file releases it.
        let writing = File::create(folder.join(LOCK))?;
        writing.lock()?;
        // Checked again under the lock: a newer version may have been applied while the picture was cropped.
        if let Some(newer) = self.not_older(chat, version)? {
            return Ok(newer);
        }
        let file = picture.map(|_| format!("{version}.jpg"));
        if let (Some((_, bytes)), Some(file)) = (picture, &file) {
            write_whole(&folder, file, bytes)?;
        }
        let held = Held {
            account: chat.account.into(),
            chat: chat.chat.into(),
            version,
            id: picture.map(|(id, _)| id.to_string()),
            file,
        };
        write_whole(&folder, STATE, &serde_json::to_vec(&held).map_err(io::Error::from)?)?;
        remove_all_but(&folder, held.file.as_deref())?;
        Ok(held)
    }

    fn folder(&self, chat: ChatRef<'_>) -> PathBuf {
        let number: String = chat.number.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
        self.root.join(number).join(blake3::hash(chat.chat.as_bytes()).to_hex().as_str())
    }
}

const STATE: &str = "state.json";
const LOCK: &str = "lock";

/// Writes a file under a temporary name and renames it, so that the name never has half a file.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::with_prefix_in(TEMPORARY, folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name))?;
    File::open(folder)?.sync_all()
}

const TEMPORARY: &str = ".new-";

/// Removes older pictures, and temporary files that a crash left.
fn remove_all_but(folder: &Path, picture: Option<&str>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name != STATE && name != LOCK && name.to_str() != picture {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: ChatRef<'static> = ChatRef { number: "+15550000001", account: "demo", chat: "grp_1" };

    fn object() -> (ContentId, Bytes) {
        let sample = image_ingest::samples()[0].bytes;
        let ingest = Ingest::default();
        let background = ingest.ingest(Source::new(sample, ingest.limits()).unwrap()).unwrap();
        (background.id, background.bytes)
    }

    fn device() -> (tempfile::TempDir, Device) {
        let folder = tempfile::tempdir().unwrap();
        let device = Device::open(folder.path(), 20, 40).unwrap();
        (folder, device)
    }

    #[test]
    fn a_picture_is_cropped_and_replaced() {
        let (_folder, device) = device();
        let (id, bytes) = object();
        assert_eq!(device.apply(CHAT, 1, id, bytes.clone()).unwrap().version, 1);
        assert_eq!(device.apply(CHAT, 2, id, bytes).unwrap().version, 2);
        let picture = device.picture(CHAT).unwrap().unwrap();
        let source = Ingest::default().source(fs::read(&picture).unwrap()).unwrap();
        let size = image_ingest::inspect(&source).unwrap().header.size();
        assert_eq!((size.width, size.height), (20, 40));
        assert_eq!(fs::read_dir(picture.parent().unwrap()).unwrap().count(), 3);
    }

    #[test]
    fn a_cropped_picture_is_kept_as_it_is() {
        let (_folder, device) = device();
        let (id, bytes) = object();
        let ingest = Ingest::builder().rendition("device", *device.crop()).build().unwrap();
        let cropped = ingest.ingest(ingest.source(bytes).unwrap()).unwrap().renditions.remove(0);
        let held = device.apply_cropped(CHAT, 1, id, &cropped.bytes).unwrap();
        assert_eq!((held.version, held.id), (1, Some(id.to_string())));
        assert_eq!(fs::read(device.picture(CHAT).unwrap().unwrap()).unwrap(), cropped.bytes);
        assert_eq!((cropped.size.width, cropped.size.height), (20, 40));
        assert_eq!(device.apply_cropped(CHAT, 1, ContentId::of(b"other"), b"other").unwrap().id, Some(id.to_string()));
    }

    #[test]
    fn an_older_version_changes_nothing() {
        let (_folder, device) = device();
        let (id, bytes) = object();
        device.apply(CHAT, 5, id, bytes.clone()).unwrap();
        assert_eq!(device.clear(CHAT, 4).unwrap().version, 5);
        assert_eq!(device.apply(CHAT, 5, id, bytes).unwrap().version, 5);
        assert_eq!(device.read(CHAT).unwrap().unwrap().id, Some(id.to_string()));
    }

    #[test]
    fn a_removal_leaves_its_version() {
        let (_folder, device) = device();
        let (id, bytes) = object();
        device.apply(CHAT, 1, id, bytes).unwrap();
        device.clear(CHAT, 2).unwrap();
        let held = device.read(CHAT).unwrap().unwrap();
        assert_eq!((held.version, held.id, device.picture(CHAT).unwrap()), (2, None, None));
    }

    #[test]
    fn an_account_that_takes_over_a_number_starts_anew() {
        let (_folder, device) = device();
        let (id, bytes) = object();
        device.apply(CHAT, 9, id, bytes.clone()).unwrap();
        let other = ChatRef { account: "other", ..CHAT };
        assert_eq!(device.read(other).unwrap(), None);
        assert_eq!(device.apply(other, 1, id, bytes).unwrap().version, 1);
    }

    #[test]
    fn bytes_that_the_id_does_not_name_are_refused() {
        let (_folder, device) = device();
        let (id, _) = object();
        let error = device.apply(CHAT, 1, id, Bytes::from_static(b"other")).unwrap_err();
        assert!(matches!(error, DeviceError::WrongObject));
        assert_eq!(device.read(CHAT).unwrap(), None);
    }
}
