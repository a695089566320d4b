# shellcheck shell=bash disable=SC2034 # the lists are used by those who source this
# Sourced by run.sh and test.sh: what a machine must have, and how it gets it. The one list of packages is here.

# The box: network namespaces, NAT, DHCP and names, an RFC 5780 server and client, the public DNS's server and resolver, captures, and what its LAN devices run.
BOX_PACKAGES="iproute2 procps util-linux nftables dnsmasq-base coturn nsd unbound tcpdump busybox curl bind9-dnsutils iputils-ping socat openssl ca-certificates"
# Tests besides: the peer that the tunnel is tried against, the translator that translation is, a reader of QR codes, and what opens ports in home routers (the program alone, no service).
TEST_PACKAGES="wireguard-go wireguard-tools tayga zbar-tools miniupnpd-nftables"
# Benchmarks besides: what makes the load and sets the wire, and who is measured against; a contestant that cannot be had is left out.
BENCHMARK_PACKAGES="iperf3 ethtool"
BENCHMARK_OPTIONAL_PACKAGES="nebula openvpn tinc linux-perf"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
export DOTNET_ADD_GLOBAL_TOOLS_TO_PATH=false DOTNET_CLI_UI_LANGUAGE=en MSBUILDDISABLENODEREUSE=1
PATH="$PATH:/usr/sbin:/sbin"

SDK_COMMAND="curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0 --install-dir .dotnet"

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi; }

# Builds run as the caller; where the caller is root in somebody else's tree (sudo ./run.sh), as the tree's owner.
as_owner() {
  local owner
  owner=$(stat -c %U .)
  if [ "$(id -u)" = 0 ] && [ "$owner" != root ] && [ "$owner" != UNKNOWN ]; then
    runuser -u "$owner" -- env HOME="$(getent passwd "$owner" | cut -d: -f6)" "$@"
  else
    "$@"
  fi
}

has_sdk() { "$1" --list-sdks 2>/dev/null | grep -q '^10\.0\.[1-9][0-9][0-9]'; }

use_sdk() {
  local dotnet
  for dotnet in ./.dotnet/dotnet "$(command -v dotnet || true)"; do
    if [ -n "$dotnet" ] && [ -x "$dotnet" ] && has_sdk "$dotnet"; then
      DOTNET_ROOT=$(dirname "$(readlink -f "$dotnet")")
      export DOTNET_ROOT PATH="$DOTNET_ROOT:$PATH"
      return 0
    fi
  done
  return 1
}

packages_missing() {
  local package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$package"
  done
}

apt_update_once() {
  if [ -z "${APT_UPDATED:-}" ]; then
    APT_UPDATED=yes
    as_root apt-get update -qq >/dev/null || complain "apt-get update failed; going on with the package lists that are there."
  fi
}

apt_install() {
  local log
  log=$(mktemp)
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

has_candidate() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'; }

# Everything the kernel must have, tried out; prints what it lacks, a line each. Runs as root; tries to make the TUN node.
KERNEL_CHECK='
unshare -n true 2>/dev/null || echo "network namespaces: unshare -n fails (in a container: run it privileged)"
[ -c /dev/net/tun ] || { mkdir -p /dev/net && mknod -m 600 /dev/net/tun c 10 200; } 2>/dev/null
(: <>/dev/net/tun) 2>/dev/null || { modprobe tun; (: <>/dev/net/tun); } 2>/dev/null || echo "TUN: /dev/net/tun is missing or cannot be opened (modprobe tun; mknod /dev/net/tun c 10 200)"
[ -d /proc/sys/net/ipv6 ] || echo "IPv6: the kernel has it switched off (virtual addresses are IPv6; boot without ipv6.disable=1)"
if command -v nft >/dev/null; then
  unshare -n nft "add table ip t; add chain ip t c { type nat hook postrouting priority 100; }; add rule ip t c masquerade" 2>/dev/null ||
    echo "nf_tables: nftables with NAT does not work (modprobe nf_tables nft_nat nft_masq)"
fi'

preflight() {
  local lacks=""
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    lacks="sudo: you are not root and there is no sudo (su -c 'apt-get install sudo', or run this as root)"
  else
    lacks=$(as_root env PATH="$PATH" sh -c "$KERNEL_CHECK") || lacks="root: sudo was refused"
  fi
  if ! command -v apt-get >/dev/null && [ -n "$(packages_missing "$@" 2>/dev/null)" ]; then
    lacks="$lacks
apt-get: this is no Debian or Ubuntu; install these by hand: $*"
  fi
  if [ -n "$lacks" ]; then
    complain "This machine lacks:"
    printf '%s\n' "$lacks" | sed '/^$/d; s/^/  - /' >&2
    exit 2
  fi
}

sdk_given_up() {
  complain "No .NET 10 SDK is here, the distribution has none, and Microsoft's install script could not be had or failed."
  complain "Nothing was changed. With a way to the internet, this one command installs it into this directory; then start again:"
  complain ""
  if command -v curl >/dev/null; then
    complain "  $SDK_COMMAND"
  else
    complain "  apt-get install -y curl ca-certificates && $SDK_COMMAND"
  fi
  exit 3
}

# The SDK comes first, so that a machine that cannot have it is left as it was.
ensure_sdk() {
  local script
  if use_sdk; then
    return
  fi
  if command -v apt-get >/dev/null; then
    has_candidate dotnet-sdk-10.0 || apt_update_once
    if has_candidate dotnet-sdk-10.0; then
      say "Installing the .NET 10 SDK from the distribution's packages..."
      if apt_install dotnet-sdk-10.0 && use_sdk; then
        return
      fi
    fi
  fi
  script=$(mktemp)
  chmod 644 "$script"
  if { command -v curl >/dev/null && curl -fsSL -m 30 -o "$script" https://dot.net/v1/dotnet-install.sh; } 2>/dev/null ||
    { command -v wget >/dev/null && wget -q -T 30 -t 1 -O "$script" https://dot.net/v1/dotnet-install.sh; } 2>/dev/null; then
    say "Installing the .NET 10 SDK into .dotnet/ with Microsoft's install script..."
    if as_owner bash "$script" --channel 10.0 --install-dir "$PWD/.dotnet" --no-path >/dev/null 2>&1 && use_sdk; then
      rm -f "$script"
      return
    fi
    rm -rf .dotnet
  fi
  rm -f "$script"
  sdk_given_up
}

ensure_packages() {
  local missing service masked=""
  missing=$(packages_missing "$@")
  if [ -z "$missing" ]; then
    return
  fi
  say "Installing packages: $missing"
  apt_update_once
  # Debian starts these as services when they are installed. The box and the tests run their own, in namespaces; the machine gets none.
  for service in coturn tayga nsd unbound nebula openvpn tinc; do
    case " $missing " in *" $service "*)
      if [ -d /run/systemd/system ] && as_root systemctl mask -q "$service.service" 2>/dev/null; then
        masked="$masked $service"
      fi
      ;;
    esac
  done
  # shellcheck disable=SC2086 # a list of words
  if ! apt_install $missing; then
    complain "These packages could not be installed: $missing"
    exit 2
  fi
  for service in $masked; do
    as_root systemctl unmask -q "$service.service" || true
    as_root systemctl disable -q "$service.service" 2>/dev/null || true
  done
}

# ensure_optional PACKAGE...: installs those that are to be had, and names the others.
ensure_optional() {
  local missing package
  missing=$(packages_missing "$@")
  [ -z "$missing" ] || apt_update_once
  for package in $missing; do
    if has_candidate "$package"; then
      ensure_packages "$package"
    else
      say "$package cannot be had here: what needs it is left out."
    fi
  done
}

# prepare PACKAGE...: after this the machine has all it needs, or the script has ended and said what is missing.
prepare() {
  preflight "$@"
  ensure_sdk
  ensure_packages "$@"
  preflight "$@" # again: nftables can be tried only now, where it was missing
}

# build TARGET: says nothing unless it fails, then each error once.
build() {
  local log code=0
  log=$(mktemp)
  as_owner dotnet build "$1" -c Release -v quiet -nologo >"$log" 2>&1 || code=$?
  if [ "$code" != 0 ]; then
    { grep -E 'error|warning' "$log" || tail -n 20 "$log"; } | sort -u | head -n 40 >&2
  fi
  rm -f "$log"
  return "$code"
}
