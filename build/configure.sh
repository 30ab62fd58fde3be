#!/usr/bin/env bash
# configure.sh [NAME]: finds out which optional adapters' packages restore here and writes Adapters.local.props (git-ignored), which
# Directory.Build.props reads. With NAME, that adapter's absence is an error: exit code 1, and nothing is written.
# Each adapter project names itself and its package; Directory.Packages.props names the version. A restore that has not answered after
# CONFIGURE_TIMEOUT_S seconds (30) counts as absent, so that this ends without a network too.
set -u
cd "$(dirname "$0")/.."
require=${1:-}
timeout_s=${CONFIGURE_TIMEOUT_S:-30}
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=1 MSBUILDDISABLENODEREUSE=1

value() { sed -n "s|.*<$1>\(.*\)</$1>.*|\1|p" "$2"; }
version() { sed -n "s|.*<PackageVersion Include=\"$1\" Version=\"\([^\"]*\)\".*|\1|p" Directory.Packages.props; }

names=() packages=()
for project in $(grep -l "<AdapterName>" ./*/*/*.csproj | sort); do
    names+=("$(value AdapterName "$project")")
    packages+=("$(value AdapterPackage "$project")")
done
if [ -n "$require" ] && ! printf '%s\n' "${names[@]}" | grep -qx -- "$require"; then
    echo "configure: there is no adapter '$require'; there are: ${names[*]}" >&2
    exit 2
fi

# Inside the repository, so that a NuGet.config of this folder or above counts as it does in the build; own, empty build files, so that the rest does not.
mkdir -p out
probe=$(mktemp -d out/configure.XXXXXX)
trap 'rm -rf "$probe"' EXIT
for file in Directory.Build.props Directory.Build.targets Directory.Packages.props; do echo "<Project />" > "$probe/$file"; done

for i in "${!names[@]}"; do
    folder="$probe/${names[$i]}"
    mkdir "$folder"
    cat > "$folder/Probe.csproj" <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <NuGetAudit>false</NuGetAudit>
    <NoWarn>NU1603</NoWarn>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="${packages[$i]}" Version="[$(version "${packages[$i]}")]" />
  </ItemGroup>
</Project>
PROJECT
    (timeout "$timeout_s" dotnet restore "$folder/Probe.csproj" > "$folder/log" 2>&1; echo $? > "$folder/code") &
done
wait

found=()
for i in "${!names[@]}"; do
    folder="$probe/${names[$i]}"
    what="${packages[$i]} $(version "${packages[$i]}")"
    case $(cat "$folder/code") in
        0) found+=("${names[$i]}"); echo "configure: ${names[$i]} on   ($what restores)" ;;
        124) echo "configure: ${names[$i]} off  ($what: no answer in $timeout_s s)" ;;
        *) reason=$(grep -o 'error [A-Z]*[0-9]*' "$folder/log" | head -1)
           echo "configure: ${names[$i]} off  ($what does not restore here${reason:+: ${reason#error }})" ;;
    esac
done

if [ -n "$require" ] && ! printf '%s\n' "${found[@]}" | grep -qx -- "$require"; then
    echo "configure: $require was required and is not to be had: see its line above" >&2
    exit 1
fi
list=$(IFS=';'; echo "${found[*]}")
echo "<Project><PropertyGroup><Adapters>$list</Adapters></PropertyGroup></Project>" > "$probe/props"
mv "$probe/props" Adapters.local.props
