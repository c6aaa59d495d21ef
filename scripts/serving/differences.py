"""Differences between a running container and compose.yaml, the variables and the pipeline file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stage_contract.commands import make_command

_SHOWN_DIGITS = 12
"""Number of digits of an image id to show."""


@dataclass(frozen=True)
class InspectedService:
    """A service as Docker and Compose describe it."""

    container: Mapping[str, Any]
    """The output of `docker inspect`."""

    config: Mapping[str, Any]
    """The output of `docker compose config`."""

    images: Sequence[Mapping[str, Any]] = ()
    """The running image and the wanted one, from `docker image inspect`."""

    recreates: bool = False
    """Whether Compose would recreate the container."""

    settings: Mapping[str, Any] | None = None
    """The settings that the running serve started with; None if unknown."""

    wanted: Mapping[str, Any] | None = None
    """The settings of the pipeline file, defaults included."""

    names: tuple[str | None, str] = (None, "")
    """The pipeline's name at the start, if known, and the name in the pipeline file."""

    service: str = "serve"
    unknown_keys: int = 0
    lost_mounts: Sequence[str] = field(default=())
    """Mount points whose file or folder was removed on the host."""


def differences(found: InspectedService) -> list[str]:
    """Return a line for each difference, `now → wanted`; none if the container is up to date."""
    service = found.config["services"][found.service]
    image = [*_image(found, service)]
    lines = [
        *image,
        *_ports(found.container, service),
        *_changed("memory", _memory(found.container), int(service.get("mem_limit") or 0), _size),
        *_changed("network", _network(found.container), service.get("network_mode"), str),
        *_environment(found.container, service),
        *_mounts(found),
        *(_lost(path, found) for path in found.lost_mounts),
        *_settings(found),
    ]
    if found.names[0] is not None and found.names[0] != found.names[1]:
        lines.append("name {} → {}".format(*found.names))
    if found.unknown_keys:
        lines.append(f"keys of the API key file that serve has not loaded: {found.unknown_keys}")
    # Compose sees another image if another project rebuilt it from the same files.
    if not lines and found.recreates and not _is_only_relabelled(found, service):
        lines.append("compose.yaml or an override: another setting of the container")
    return lines


def _lost(path: str, found: InspectedService) -> str:
    text = f"mount {path}: replaced on the host since the start"
    # Without a valid key, serve does not show its settings.
    if path == (found.settings or found.wanted or {}).get("api_keys_file"):
        text += f"; keys that were removed are still valid until {make_command('deploy-serve')}"
    return text


def _changed(what: str, now: Any, wanted: Any, show: Any) -> Iterator[str]:
    if wanted is not None and now != wanted:
        yield f"{what} {show(now)} → {show(wanted)}"


def _image(found: InspectedService, service: Mapping[str, Any]) -> Iterator[str]:
    name, wanted = found.container["Config"]["Image"], service["image"]
    if name != wanted:
        yield f"image {name} → {wanted}"
        return
    now, new = _images(found, wanted)
    if now is not None and new is not None and _content(now) != _content(new):
        yield f"image {wanted} {_short(now['Id'])} → {_short(new['Id'])}"


def _images(
    found: InspectedService, wanted: str
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """Return the running image and the wanted one, where they exist."""
    tag = wanted if ":" in wanted.rpartition("/")[2] else f"{wanted}:latest"
    by_id = {image["Id"]: image for image in found.images}
    by_tag = {name: image for image in found.images for name in image.get("RepoTags") or ()}
    return by_id.get(found.container["Image"]), by_tag.get(tag)


def _content(image: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the image without its labels, which name the project that built it."""
    config = {key: value for key, value in image["Config"].items() if key != "Labels"}
    return image["RootFS"]["Layers"], config


def _is_only_relabelled(found: InspectedService, service: Mapping[str, Any]) -> bool:
    now, new = _images(found, service["image"])
    return now is not None and new is not None and now["Id"] != new["Id"]


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:_SHOWN_DIGITS]


def _ports(container: Mapping[str, Any], service: Mapping[str, Any]) -> Iterator[str]:
    bound = container["HostConfig"].get("PortBindings") or {}
    now = {
        _address(entry.get("HostIp"), entry.get("HostPort"), port)
        for port, entries in bound.items()
        for entry in entries or ()
    }
    wanted = {
        _address(each.get("host_ip"), each.get("published"), f"{each['target']}/{each['protocol']}")
        for each in service.get("ports") or ()
    }
    if now != wanted:
        yield f"port {_list(now)} → {_list(wanted)}"


def _address(host: str | None, published: Any, port: str) -> str:
    inside = "" if port == "8000/tcp" else f" to {port}"
    return f"{host or '0.0.0.0'}:{published or 'any'}{inside}"  # noqa: S104  # what Docker takes


def _list(values: set[str]) -> str:
    return ", ".join(sorted(values)) or "none"


def _memory(container: Mapping[str, Any]) -> int:
    return int(container["HostConfig"].get("Memory") or 0)


def _size(size: int) -> str:
    return f"{size / 2**20:.0f}m" if size else "unlimited"


def _network(container: Mapping[str, Any]) -> str:
    mode = str(container["HostConfig"].get("NetworkMode"))
    # Docker up to version 25 calls this mode "default".
    return "bridge" if mode == "default" else mode


def _environment(container: Mapping[str, Any], service: Mapping[str, Any]) -> Iterator[str]:
    now = dict(entry.partition("=")[::2] for entry in container["Config"].get("Env") or ())
    for key, value in (service.get("environment") or {}).items():
        # Compose prints $ as $$.
        wanted = str("" if value is None else value).replace("$$", "$")
        if now.get(key, "") != wanted:
            yield f"{key} {now.get(key, '') or 'unset'} → {wanted or 'unset'}"


def _mounts(found: InspectedService) -> Iterator[str]:
    wanted = dict(_wanted_mounts(found.config, found.service))
    now = {
        mount["Destination"]: mount.get("Name") or _on_host(mount.get("Source", ""))
        for mount in found.container.get("Mounts") or ()
        # An image may declare volumes of its own.
        if mount["Type"] == "bind" or mount["Destination"] in wanted
    }
    for target in sorted(now.keys() | wanted.keys()):
        if now.get(target) != wanted.get(target):
            yield f"mount {target} {now.get(target, 'none')} → {wanted.get(target, 'none')}"


def _on_host(source: str) -> str:
    """Return a path of the host, without the prefix of Docker Desktop."""
    return source.removeprefix("/host_mnt")


def _wanted_mounts(config: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    service = config["services"][name]
    for mount in service.get("volumes") or ():
        source = mount.get("source", "")
        if mount["type"] == "volume":
            source = config.get("volumes", {}).get(source, {}).get("name", source)
        if mount["type"] in ("bind", "volume"):
            yield mount["target"], source
    for kind, folder in (("secrets", "/run/secrets/"), ("configs", "/")):
        for each in service.get(kind) or ():
            target = each.get("target") or f"{folder}{each['source']}"
            target = target if target.startswith("/") else f"{folder}{target}"
            if file := config.get(kind, {}).get(each["source"], {}).get("file"):
                yield target, file


def _settings(found: InspectedService) -> Iterator[str]:
    if found.settings is None or found.wanted is None:
        return
    for key in sorted(found.settings.keys() | found.wanted.keys()):
        now, wanted = found.settings.get(key), found.wanted.get(key)
        if now != wanted:
            yield f"serve.{key} {now!r} → {wanted!r}"
