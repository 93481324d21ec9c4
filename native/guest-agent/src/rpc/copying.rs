//! Copies within the guest: an archive between two threads, of which neither has to know the other.

use super::transfer::{QUEUED_CHUNKS, TRANSFERS};
use crate::files::archive::{ChunkWriter, Part, PartReader, pack, unpack};
use crate::files::{Copying, GuestPath, blocking, prepare_copy};
use crate::proto::agent::{CopyRequest, CopyResponse};
use tokio::sync::mpsc;
use tonic::Status;

pub async fn copy(request: CopyRequest) -> Result<CopyResponse, Status> {
    let CopyRequest {
        from,
        to,
        user,
        recursive,
        follow,
    } = request;
    let copying = Copying {
        from: GuestPath::new(from)?,
        to: GuestPath::new(to)?,
        recursive,
        follow,
    };
    let (packing, unpacking) = blocking(user.clone(), move |_| prepare_copy(&copying)).await?;
    let _turn = TRANSFERS.acquire().await;
    let (packed, mut passed) = mpsc::channel(QUEUED_CHUNKS);
    let (chunks, queue) = mpsc::channel(QUEUED_CHUNKS);
    let pack = blocking(user.clone(), move |_| {
        pack(&packing, &mut ChunkWriter::new(packed, Part::Chunk))
    });
    let unpack = blocking(user, move |_| unpack(&unpacking, PartReader::new(queue)));
    // Chunks pass through the call, so that both threads end when it is dropped. Answers whether all were taken.
    let pass = async move {
        while let Some(chunk) = passed.recv().await {
            if chunks.send(chunk).await.is_err() {
                return false;
            }
        }
        true
    };
    let (packed, all_taken, unpacked) = tokio::join!(pack, pass, unpack);
    // Each fault brings one of the other side about; the first one counts.
    if all_taken {
        packed?;
    }
    Ok(CopyResponse { entries: unpacked? })
}
