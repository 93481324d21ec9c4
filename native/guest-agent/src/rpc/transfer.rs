//! Tar archives between a call and a thread that reads or writes files.

use super::files::check_chunk;
use super::outgoing::Outgoing;
use crate::files::archive::{ChunkReader, ChunkWriter, Packing, Unpacking, pack, unpack};
use crate::files::{Fault, GuestPath, blocking};
use crate::proto::agent::upload_request::Message;
use crate::proto::agent::{DownloadRequest, DownloadResponse, UploadRequest, UploadResponse, UploadStart};
use tokio::sync::{Semaphore, mpsc};
use tonic::{Status, Streaming};

/// Chunks between the thread and the call.
pub const QUEUED_CHUNKS: usize = 2;
/// Each holds a thread for as long as it takes, a copy within the guest two. Further ones wait for their turn.
pub static TRANSFERS: Semaphore = Semaphore::const_new(16);

pub async fn download(request: DownloadRequest) -> Result<Outgoing<Result<DownloadResponse, Status>>, Status> {
    let packing = Packing {
        path: GuestPath::new(request.path)?,
        name: checked_name(request.name)?,
        follow: request.follow,
    };
    let turn = TRANSFERS.acquire().await;
    let (responses, outgoing) = mpsc::channel(QUEUED_CHUNKS);
    tokio::spawn(async move {
        let _turn = turn;
        let mut writer = ChunkWriter::new(responses.clone(), |data| Ok(DownloadResponse { data }));
        let packed = blocking(request.user, move |_| pack(&packing, &mut writer)).await;
        if let Err(status) = packed {
            let _ = responses.send(Err(status)).await;
        }
    });
    Ok(Outgoing::primed(outgoing).await)
}

fn checked_name(name: Vec<u8>) -> Result<Vec<u8>, Fault> {
    let is_one = !name.is_empty() && name.len() <= 255 && !name.contains(&b'/') && !name.contains(&0) && name != b"..";
    match is_one {
        true => Ok(name),
        false => Err(Fault::invalid("the name in the archive is not one name")),
    }
}

pub async fn upload(mut requests: Streaming<UploadRequest>) -> Result<UploadResponse, Status> {
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
    let (chunks, queue) = mpsc::channel(QUEUED_CHUNKS);
    let work = blocking(user, move |_| unpack(&unpacking, ChunkReader::new(queue)));
    let mut feeding = std::pin::pin!(feed(&mut requests, chunks));
    let mut work = std::pin::pin!(work);
    tokio::select! {
        // A fault ends the call at once; an archive may end before its stream, in zeros.
        entries = &mut work => {
            let entries = entries?;
            feeding.await?;
            Ok(UploadResponse { entries })
        }
        fed = &mut feeding => {
            // A stream that broke off is a fault of the archive as well; the call has gone by then.
            let entries = work.await;
            fed?;
            Ok(UploadResponse { entries: entries? })
        }
    }
}

/// Hands chunks on until `finish`; those that nobody takes any more are dropped.
async fn feed(requests: &mut Streaming<UploadRequest>, chunks: mpsc::Sender<Vec<u8>>) -> Result<(), Status> {
    loop {
        match requests.message().await?.map(|request| request.message) {
            Some(Some(Message::Data(data))) => {
                check_chunk(&data)?;
                // An empty chunk would be the end.
                if !data.is_empty() {
                    let _ = chunks.send(data).await;
                }
            }
            Some(Some(Message::Finish(_))) => {
                let _ = chunks.send(Vec::new()).await;
                return Ok(());
            }
            Some(Some(Message::Start(_))) => return Err(Status::invalid_argument("`start` may come only once")),
            Some(None) => {}
            None => return Err(Status::invalid_argument("the requests of Upload end without `finish`")),
        }
    }
}
