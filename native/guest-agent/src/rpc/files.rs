use super::incoming::{check_chunk, content_beside_connection};
use super::outgoing::Outgoing;
use super::{copying, transfer, watching};
use crate::content::{Contents, Detour, Messages};
use crate::files::{self, Attributes, Content, GuestPath, Listing, Manner, NewContent, Plan, blocking};
use crate::proto::agent::file_service_server::FileService;
use crate::proto::agent::write_request::Message;
use crate::proto::agent::write_start::Manner as WireManner;
use crate::proto::agent::{
    ContentConnection, CopyRequest, CopyResponse, DownloadRequest, DownloadResponse, ListRequest, ListResponse,
    MakeDirectoryRequest, MakeDirectoryResponse, MakeLinkRequest, MakeLinkResponse, ReadLinkRequest, ReadLinkResponse,
    ReadRequest, ReadResponse, RemoveRequest, RemoveResponse, RenameRequest, RenameResponse, SetAttributesRequest,
    SetAttributesResponse, StatRequest, StatResponse, TruncateRequest, TruncateResponse, UploadRequest, UploadResponse,
    WatchRequest, WatchResponse, WriteRequest, WriteResponse, WriteStart,
};
use crate::trigger::Trigger;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

/// Messages between a file and its call, besides the ones of a turn.
const QUEUED_RESPONSES: usize = 1;

type Responses<T> = mpsc::Sender<Result<T, Status>>;

/// a3s.agent.v1.FileService.
pub struct Files {
    shutdown: Trigger,
    contents: Contents,
}

impl Files {
    pub fn new(shutdown: Trigger, contents: Contents) -> Self {
        Self { shutdown, contents }
    }

    /// Streams would hold a shutdown up.
    fn require_running(&self) -> Result<(), Status> {
        match self.shutdown.pulled() {
            true => Err(Status::unavailable("the guest is shutting down")),
            false => Ok(()),
        }
    }
}

#[tonic::async_trait]
impl FileService for Files {
    async fn stat(&self, request: Request<StatRequest>) -> Result<Response<StatResponse>, Status> {
        let StatRequest { path, user, follow } = request.into_inner();
        let path = GuestPath::new(path)?;
        let info = blocking(user, move |_| files::stat(&path, follow)).await?;
        Ok(Response::new(StatResponse { info: Some(info) }))
    }

    type ReadStream = Outgoing<Result<ReadResponse, Status>>;

    async fn read(&self, request: Request<ReadRequest>) -> Result<Response<Self::ReadStream>, Status> {
        self.require_running()?;
        let request = request.into_inner();
        let path = GuestPath::new(request.path)?;
        let content = blocking(request.user, move |_| {
            Content::open(path, request.offset, request.length)
        })
        .await?;
        let (responses, outgoing) = mpsc::channel(QUEUED_RESPONSES);
        let offers = request.takes_data_connection.then(|| self.contents.offers());
        tokio::spawn(send_content(content, Detour::new(responses, offers, READ)));
        Ok(Response::new(Outgoing::primed(outgoing).await))
    }

    async fn write(&self, request: Request<Streaming<WriteRequest>>) -> Result<Response<WriteResponse>, Status> {
        self.require_running()?;
        let mut requests = request.into_inner();
        let Some(Message::Start(start)) = requests.message().await?.and_then(|request| request.message) else {
            return Err(Status::invalid_argument("the first request of Write is `start`"));
        };
        let user = start.user.clone();
        let plan = plan_write(start)?;
        let mut content = blocking(user, move |caller| NewContent::open(caller, plan)).await?;
        let mut has_connection = false;
        loop {
            match requests.message().await?.map(|request| request.message) {
                Some(Some(Message::Data(_) | Message::DataConnection(_))) if has_connection => {
                    return Err(content_beside_connection());
                }
                Some(Some(Message::Data(data))) => {
                    check_chunk(&data)?;
                    content = blocking(String::new(), move |_| content.write(&data).map(|()| content)).await?;
                }
                Some(Some(Message::DataConnection(ContentConnection { token }))) => {
                    let (incoming, _hangup) = self.contents.take(&token).await?.into_blocking()?;
                    content = blocking(String::new(), move |_| content.write_from(incoming).map(|()| content)).await?;
                    has_connection = true;
                }
                Some(Some(Message::Finish(_))) => {
                    let bytes = blocking(String::new(), move |_| content.finish()).await?;
                    return Ok(Response::new(WriteResponse { bytes }));
                }
                Some(Some(Message::Start(_))) => return Err(Status::invalid_argument("`start` may come only once")),
                Some(None) => {}
                None => return Err(Status::invalid_argument("the requests of Write end without `finish`")),
            }
        }
    }

    type ListStream = Outgoing<Result<ListResponse, Status>>;

    async fn list(&self, request: Request<ListRequest>) -> Result<Response<Self::ListStream>, Status> {
        let ListRequest { path, user } = request.into_inner();
        let path = GuestPath::new(path)?;
        let listing = blocking(user.clone(), move |_| Listing::open(path)).await?;
        let (responses, outgoing) = mpsc::channel(1);
        tokio::spawn(send_pages(listing, user, responses));
        Ok(Response::new(Outgoing::primed(outgoing).await))
    }

    async fn make_directory(
        &self,
        request: Request<MakeDirectoryRequest>,
    ) -> Result<Response<MakeDirectoryResponse>, Status> {
        let request = request.into_inner();
        let path = GuestPath::new(request.path)?;
        let mode = files::checked_mode(request.mode)?.unwrap_or(0o755);
        blocking(request.user, move |_| {
            files::make_directory(&path, request.recursive, mode)
        })
        .await?;
        Ok(Response::new(MakeDirectoryResponse {}))
    }

    async fn remove(&self, request: Request<RemoveRequest>) -> Result<Response<RemoveResponse>, Status> {
        let request = request.into_inner();
        let path = GuestPath::new(request.path)?;
        blocking(request.user, move |_| {
            files::remove(&path, request.recursive, request.force)
        })
        .await?;
        Ok(Response::new(RemoveResponse {}))
    }

    async fn rename(&self, request: Request<RenameRequest>) -> Result<Response<RenameResponse>, Status> {
        let request = request.into_inner();
        let (from, to) = (GuestPath::new(request.from)?, GuestPath::new(request.to)?);
        blocking(request.user, move |_| files::rename(&from, &to)).await?;
        Ok(Response::new(RenameResponse {}))
    }

    async fn read_link(&self, request: Request<ReadLinkRequest>) -> Result<Response<ReadLinkResponse>, Status> {
        let ReadLinkRequest { path, user } = request.into_inner();
        let path = GuestPath::new(path)?;
        let target = blocking(user, move |_| files::read_link(&path)).await?;
        Ok(Response::new(ReadLinkResponse { target }))
    }

    async fn make_link(&self, request: Request<MakeLinkRequest>) -> Result<Response<MakeLinkResponse>, Status> {
        let request = request.into_inner();
        let path = GuestPath::new(request.path)?;
        blocking(request.user, move |_| {
            files::make_link(&path, request.target, request.hard)
        })
        .await?;
        Ok(Response::new(MakeLinkResponse {}))
    }

    async fn set_attributes(
        &self,
        request: Request<SetAttributesRequest>,
    ) -> Result<Response<SetAttributesResponse>, Status> {
        let request = request.into_inner();
        let path = GuestPath::new(request.path)?;
        let attributes = Attributes {
            mode: files::checked_mode(request.mode)?,
            uid: request.uid,
            gid: request.gid,
            accessed: files::timespec(request.accessed)?,
            modified: files::timespec(request.modified)?,
        };
        blocking(request.user, move |_| {
            files::set_attributes(&path, request.follow, &attributes)
        })
        .await?;
        Ok(Response::new(SetAttributesResponse {}))
    }

    type DownloadStream = Outgoing<Result<DownloadResponse, Status>>;

    async fn download(&self, request: Request<DownloadRequest>) -> Result<Response<Self::DownloadStream>, Status> {
        self.require_running()?;
        Ok(Response::new(
            transfer::download(request.into_inner(), &self.contents).await?,
        ))
    }

    async fn upload(&self, request: Request<Streaming<UploadRequest>>) -> Result<Response<UploadResponse>, Status> {
        self.require_running()?;
        Ok(Response::new(
            transfer::upload(request.into_inner(), &self.contents).await?,
        ))
    }

    async fn truncate(&self, request: Request<TruncateRequest>) -> Result<Response<TruncateResponse>, Status> {
        let TruncateRequest { path, user, size } = request.into_inner();
        let path = GuestPath::new(path)?;
        blocking(user, move |_| files::truncate(&path, size)).await?;
        Ok(Response::new(TruncateResponse {}))
    }

    async fn copy(&self, request: Request<CopyRequest>) -> Result<Response<CopyResponse>, Status> {
        self.require_running()?;
        Ok(Response::new(copying::copy(request.into_inner()).await?))
    }

    type WatchStream = Outgoing<Result<WatchResponse, Status>>;

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        self.require_running()?;
        let changes = watching::watch(request.into_inner(), self.shutdown.clone()).await?;
        Ok(Response::new(changes))
    }
}

const READ: Messages<ReadResponse> = Messages {
    content: |data| ReadResponse {
        data,
        data_connection: None,
    },
    connection: |connection| ReadResponse {
        data: Vec::new(),
        data_connection: Some(connection),
    },
};

async fn send_content(mut content: Content, mut detour: Detour<ReadResponse>) {
    while !detour.is_over_connection() {
        let (rest, read) = match blocking(String::new(), move |_| Ok((content.read_on(), content))).await {
            Ok((read, rest)) => (rest, read),
            Err(_) => return,
        };
        content = rest;
        match read {
            Ok(chunks) if chunks.is_empty() => return,
            Ok(chunks) => {
                for data in chunks {
                    if detour.send(data).await.is_err() {
                        return;
                    }
                }
            }
            Err(fault) => return detour.fail(fault.into()).await,
        }
    }
    send_bulk(content, detour).await;
}

async fn send_bulk(mut content: Content, mut detour: Detour<ReadResponse>) {
    let mut buffer = Vec::new();
    loop {
        let read = blocking(String::new(), move |_| {
            content.read_bulk(&mut buffer)?;
            Ok((content, buffer))
        });
        match read.await {
            Ok((_, read)) if read.is_empty() => return detour.end().await,
            Ok((_, read)) if detour.send_over_connection(&read).await.is_err() => return,
            Ok((rest, read)) => (content, buffer) = (rest, read),
            Err(status) => return detour.fail(status).await,
        }
    }
}

async fn send_pages(mut listing: Listing, user: String, responses: Responses<ListResponse>) {
    loop {
        let (rest, page) = match blocking(user.clone(), move |_| Ok((listing.page(), listing))).await {
            Ok((page, rest)) => (rest, page),
            Err(status) => return drop(responses.send(Err(status)).await),
        };
        listing = rest;
        match page {
            Ok(page) if page.entries.is_empty() => return,
            Ok(page) => {
                if responses.send(Ok(page)).await.is_err() {
                    return;
                }
            }
            Err(fault) => return drop(responses.send(Err(fault.into())).await),
        }
    }
}

fn plan_write(start: WriteStart) -> Result<Plan, Status> {
    let manner = match WireManner::try_from(start.manner) {
        Ok(WireManner::Unspecified) => Manner::Replace,
        Ok(WireManner::Overwrite) => Manner::Overwrite,
        Ok(WireManner::Append) => Manner::Append,
        Ok(WireManner::Exclusive) => Manner::Exclusive,
        Err(_) => return Err(Status::invalid_argument("no such manner of writing")),
    };
    Ok(Plan {
        path: GuestPath::new(start.path)?,
        manner,
        mode: files::checked_mode(start.mode)?,
        sync: start.sync,
    })
}
