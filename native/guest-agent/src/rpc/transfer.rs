//! Tar archives between a call and a thread that reads or writes files.

use super::incoming::{check_chunk, content_beside_connection};
use super::outgoing::Outgoing;
use crate::content::{Contents, Detour, Hangup, Messages};
use crate::files::archive::{ChunkWriter, Packing, Part, PartReader, Unpacking, pack, unpack};
use crate::files::{Fault, GuestPath, blocking};
use crate::proto::agent::upload_request::Message;
use crate::proto::agent::{
    ContentConnection, DownloadRequest, DownloadResponse, UploadRequest, UploadResponse, UploadStart,
};
use tokio::sync::{Semaphore, mpsc};
use tonic::{Status, Streaming};

/// Chunks between the thread and the call.
pub const QUEUED_CHUNKS: usize = 2;
/// Each holds a thread for as long as it takes, a copy within the guest two. Further ones wait for their turn.
pub static TRANSFERS: Semaphore = Semaphore::const_new(16);

const DOWNLOAD: Messages<DownloadResponse> = Messages {
    content: |data| DownloadResponse {
        data,
        data_connection: None,
    },
    connection: |connection| DownloadResponse {
        data: Vec::new(),
        data_connection: Some(connection),
    },
};

pub async fn download(
    request: DownloadRequest,
    contents: &Contents,
) -> Result<Outgoing<Result<DownloadResponse, Status>>, Status> {
    let packing = Packing {
        path: GuestPath::new(request.path)?,
        name: checked_name(request.name)?,
        follow: request.follow,
    };
    let turn = TRANSFERS.acquire().await;
    let (responses, outgoing) = mpsc::channel(1);
    let offers = request.takes_data_connection.then(|| contents.offers());
    let detour = Detour::new(responses, offers, DOWNLOAD);
    tokio::spawn(async move {
        let _turn = turn;
        let (chunks, queue) = mpsc::channel(QUEUED_CHUNKS);
        let pack = blocking(request.user, move |_| {
            pack(&packing, &mut ChunkWriter::new(chunks, |chunk| chunk))
        });
        match tokio::join!(pack, pass_on(queue, detour)) {
            (Ok(()), detour) => detour.end().await,
            (Err(status), detour) => detour.fail(status).await,
        }
    });
    Ok(Outgoing::primed(outgoing).await)
}

/// When the caller has gone, the thread finds that nobody takes more.
async fn pass_on(
    mut chunks: mpsc::Receiver<Vec<u8>>,
    mut detour: Detour<DownloadResponse>,
) -> Detour<DownloadResponse> {
    while let Some(chunk) = chunks.recv().await {
        if detour.send(chunk).await.is_err() {
            break;
        }
    }
    detour
}

fn checked_name(name: Vec<u8>) -> Result<Vec<u8>, Fault> {
    let is_one = !name.is_empty() && name.len() <= 255 && !name.contains(&b'/') && !name.contains(&0) && name != b"..";
    match is_one {
        true => Ok(name),
        false => Err(Fault::invalid("the name in the archive is not one name")),
    }
}

pub async fn upload(mut requests: Streaming<UploadRequest>, contents: &Contents) -> Result<UploadResponse, Status> {
    let Some(Message::Start(start)) = requests.message().await?.and_then(|request| request.message) else {
        return Err(Status::invalid_argument("the first request of Upload is `start`"));
    };
    let UploadStart {
        path,
        user,
        keep_owners,
    } = start;
    let unpacking = Unpacking {
        path: GuestPath::new(path)?,
        keep_owners,
    };
    let _turn = TRANSFERS.acquire().await;
    let (parts, queue) = mpsc::channel(QUEUED_CHUNKS);
    let work = blocking(user, move |_| unpack_all(&unpacking, PartReader::new(queue)));
    let mut hangup = None;
    let mut feeding = Box::pin(feed(&mut requests, parts, contents, &mut hangup));
    let mut work = std::pin::pin!(work);
    tokio::select! {
        // A fault ends the call at once.
        entries = &mut work => {
            let entries = entries?;
            feeding.await?;
            Ok(UploadResponse { entries })
        }
        fed = &mut feeding => {
            drop(feeding);
            if fed.is_err() {
                drop(hangup);
            }
            // A stream that broke off is a fault of the archive as well; the call has gone by then.
            let entries = work.await;
            fed?;
            Ok(UploadResponse { entries: entries? })
        }
    }
}

/// An archive may end before its stream, in zeros.
fn unpack_all(unpacking: &Unpacking, mut from: PartReader) -> Result<u64, Fault> {
    let entries = unpack(unpacking, &mut from)?;
    std::io::copy(&mut from, &mut std::io::sink()).map_err(|error| Fault::from_io(&error, "read to the end"))?;
    Ok(entries)
}

/// Hands parts on until `finish`; those that nobody takes any more are dropped.
async fn feed(
    requests: &mut Streaming<UploadRequest>,
    parts: mpsc::Sender<Part>,
    contents: &Contents,
    hangup: &mut Option<Hangup>,
) -> Result<(), Status> {
    loop {
        let part = match requests.message().await?.map(|request| request.message) {
            Some(Some(Message::Data(_) | Message::DataConnection(_))) if hangup.is_some() => {
                return Err(content_beside_connection());
            }
            Some(Some(Message::Data(data))) => {
                check_chunk(&data)?;
                Part::Chunk(data)
            }
            Some(Some(Message::DataConnection(ContentConnection { token }))) => {
                let (incoming, ended_with) = contents.take(&token).await?.into_blocking()?;
                *hangup = Some(ended_with);
                Part::Stream(Box::new(incoming))
            }
            Some(Some(Message::Finish(_))) => {
                let _ = parts.send(Part::End).await;
                return Ok(());
            }
            Some(Some(Message::Start(_))) => return Err(Status::invalid_argument("`start` may come only once")),
            Some(None) => continue,
            None => return Err(Status::invalid_argument("the requests of Upload end without `finish`")),
        };
        let _ = parts.send(part).await;
    }
}
