using System.Text;
using System.Text.Json.Nodes;
using Appliance.Fix;
using Appliance.Host.Configuration;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>The desk file's keys of a FIX session: what is wrong is named with file, line, key and cure; what is right reaches the session, in every version.</summary>
[Collection(ProcessTests.Name)]
public sealed class FixSessionKeysTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private Desk? Load(string venue, out string[] lines)
    {
        string file = _folder.Demo(d => d["venue"] = JsonNode.Parse(venue));
        var errors = new ConfigurationErrors();
        Desk? desk = Desk.Load(file, errors);
        lines = [.. errors.Lines.Select(l => l.Replace(file, "desk", StringComparison.Ordinal))];
        return desk;
    }

    [Theory]
    [InlineData("""{ "version": "FIX.4.3" }""", "venue.version: saw \"FIX.4.3\", allowed is one of \"FIX.4.2\", \"FIX.4.4\", \"FIX.5.0\", \"FIX.5.0SP1\", \"FIX.5.0SP2\"")]
    [InlineData("""{ "senderCompId": "A B" }""", "venue.senderCompId: saw \"A B\", allowed is 1 to 32 printable")]
    [InlineData("""{ "version": "FIX.4.2", "nextExpectedSequence": true }""", "venue.nextExpectedSequence: saw true, allowed is false with FIX.4.2")]
    [InlineData("""{ "headerTags": ["49=me"] }""", "venue.headerTags: saw \"49=me\", allowed is a field of the standard header that the session does not write itself")]
    [InlineData("""{ "orderTags": ["44=1"] }""", "venue.orderTags: saw \"44=1\", allowed is a field of the body that the order does not write itself")]
    [InlineData("""{ "headerTags": ["fifty=me"] }""", "venue.headerTags: saw \"fifty=me\", allowed is \"tag=value\"")]
    [InlineData("""{ "validation": { "level": "strict" } }""", "venue.validation.level: saw \"strict\", allowed is one of \"off\", \"structural\", \"full\"")]
    [InlineData("""{ "validation": { "levle": "full" } }""", "venue.validation.levle: no such key; did you mean \"level\"?")]
    [InlineData("""{ "validation": { "level": "full" }, "dictionary": "nosuch.xml" }""", "venue.dictionary: saw \"nosuch.xml\", allowed is a file that exists, relative to the desk file")]
    [InlineData("""{ "validation": { "level": "full" }, "dictionary": "broken.xml" }""", "venue.dictionary: saw \"broken.xml\", allowed is a data dictionary in QuickFIX's XML format")]
    [InlineData("""{ "dictionary": "small.xml" }""", "venue.dictionary: saw \"small.xml\", allowed is with venue.validation.level \"full\"")]
    [InlineData("""{ "version": "FIX.4.2", "validation": { "level": "full" }, "dictionary": "small.xml" }""", "venue.dictionary: saw \"small.xml\", of FIX.4.4, allowed is one of venue.version, FIX.4.2")]
    [InlineData("""{ "version": "FIX.5.0SP2", "validation": { "level": "full" }, "dictionary": "small.xml" }""", "venue.dictionary: saw \"small.xml\", allowed is with venue.transportDictionary beside it")]
    [InlineData("""{ "validation": { "level": "full" }, "dictionary": "small.xml", "transportDictionary": "small.xml" }""", "venue.transportDictionary: saw \"small.xml\", allowed is nothing with FIX.4.4")]
    [InlineData("""{ "version": "FIX.5.0", "validation": { "level": "full" }, "dictionary": "small.xml", "transportDictionary": "small.xml" }""", "venue.dictionary: saw \"small.xml\", allowed is a dictionary of FIX.5.0")]
    [InlineData("""{ "schedule": { "kind": "nightly" } }""", "venue.schedule.kind: saw \"nightly\", allowed is one of \"always\", \"daily\", \"weekly\", \"24x7\"")]
    [InlineData("""{ "schedule": { "kind": "daily", "start": "08:00", "end": "17:00", "timeZone": "Europe/Atlantis" } }""", "venue.schedule.timeZone: saw \"Europe/Atlantis\", allowed is a time zone of this machine")]
    [InlineData("""{ "schedule": { "kind": "daily", "start": "8 o'clock", "end": "17:00" } }""", "venue.schedule.start: saw \"8 o'clock\", allowed is a time of day")]
    [InlineData("""{ "schedule": { "kind": "daily", "start": "08:00" } }""", "venue.schedule.end: saw nothing, allowed is a value, for kind \"daily\"")]
    [InlineData("""{ "schedule": { "kind": "daily", "start": "08:00", "end": "17:00", "days": ["monday", "funday"] } }""", "venue.schedule.days: saw \"funday\", allowed is days: sunday, monday")]
    [InlineData("""{ "schedule": { "kind": "24x7", "resetTime": "17:00", "days": ["monday"] } }""", "venue.schedule.days: saw a value, allowed is nothing with kind \"24x7\", which has timeZone, resetTime")]
    [InlineData("""{ "schedule": { "kind": "weekly", "startDay": "sunday", "start": "17:00", "endDay": "someday", "end": "17:00" } }""", "venue.schedule.endDay: saw \"someday\", allowed is one of \"sunday\"")]
    [InlineData("""{ "backupHosts": ["venue.example"] }""", "venue.backupHosts: saw \"venue.example\", allowed is \"host:port\"")]
    [InlineData("""{ "proxy": "3128" }""", "venue.proxy: saw \"3128\", allowed is \"host:port\"")]
    [InlineData("""{ "reconnectMilliseconds": 3000 }""", "venue.reconnectLongestMilliseconds: saw 2000, allowed is at least venue.reconnectMilliseconds")]
    [InlineData("""{ "tls": { "pins": ["12ab"] } }""", "venue.tls.pins: saw \"12ab\", allowed is 64 hexadecimal digits, with or without colons, as `appliance tls pin HOST:PORT` prints them")]
    [InlineData("""{ "tls": { "key": "desk.key" } }""", "venue.tls.key: saw \"desk.key\", allowed is nothing without venue.tls.certificate beside it")]
    [InlineData("""{ "tls": { "certificate": "nosuch.pem" } }""", "venue.tls.certificate: saw \"nosuch.pem\" (")]
    [InlineData("""{ "tls": { "authority": "nosuch.pem" } }""", "venue.tls.authority: saw \"nosuch.pem\" (")]
    [InlineData("""{ "tls": { "serverName": "a b" } }""", "venue.tls.serverName: saw \"a b\", allowed is a host's name")]
    [InlineData("""{ "tls": { "pin": "12ab" } }""", "venue.tls.pin: no such key; did you mean \"pins\"?")]
    [InlineData("""{ "logonSignature": [{ "tag": 96, "text": "{52}", "algorithm": "hmac-sha256" }] }""", "venue.logonSignature[0].secretFile: saw nothing, allowed is one of secretFile and secretVariable")]
    [InlineData("""{ "logonSignature": [{ "tag": 96, "text": "{52}", "algorithm": "hmac-sha256", "secretFile": "nosuch" }] }""", "venue.logonSignature[0].secretFile: saw \"nosuch\", allowed is a file that exists, relative to the desk file, and holds the secret")]
    [InlineData("""{ "logonSignature": [{ "tag": 96, "text": "{52}", "algorithm": "hmac-sha256", "secretVariable": "NO_SUCH_VARIABLE_OF_OURS" }] }""", "venue.logonSignature[0].secretVariable: saw \"NO_SUCH_VARIABLE_OF_OURS\", which is not set, or empty, allowed is an environment variable of the host")]
    [InlineData("""{ "logonSignature": [{ "tag": 96, "text": "{52}", "algorithm": "hmac-sha256", "secretFile": "broken.xml", "secretEncoding": "hex" }] }""", "venue.logonSignature[0].secretEncoding: saw \"hex\", which the secret is not written in")]
    [InlineData("""{ "logonSignature": [{ "tag": 96, "text": "{nonce}", "secretFile": "broken.xml" }] }""", "venue.logonSignature[0].secretFile: saw \"broken.xml\", allowed is nothing with algorithm \"none\"")]
    [InlineData("""{ "logonSignature": [{ "tag": 96, "text": "{52}", "algorithm": "ed25518" }] }""", "venue.logonSignature[0].algorithm: saw \"ed25518\", allowed is one of \"none\", \"hmac-sha256\"")]
    [InlineData("""{ "logonSignature": [{ "tag": 96, "text": "{52}", "algorithm": "ed25519", "secretFile": "broken.xml" }] }""", "venue.logonSignature[0].secretFile: saw \"broken.xml\", which holds no PEM, allowed is a private key of Ed25519: PEM")]
    [InlineData("""{ "logonSignature": [{ "tag": 96, "text": "{52}", "algorithm": "rsa-sha256", "secretFile": "ed25519.pem" }] }""", "venue.logonSignature[0].secretFile: saw \"ed25519.pem\", which is a private key, but not of RSA, allowed is a private key of RSA")]
    [InlineData("""{ "logonSignature": [{ "tag": 96, "text": "{52}", "algorithm": "ed25519", "secretFile": "public.pem" }] }""", "venue.logonSignature[0].secretFile: saw \"public.pem\", which holds \"PUBLIC KEY\", allowed is a private key of Ed25519")]
    [InlineData("""{ "logonSignature": [{ "tag": 96, "text": "{52}", "algorithm": "ed25519", "secretFile": "locked.pem" }] }""", "venue.logonSignature[0].secretFile: saw \"locked.pem\", which holds \"ENCRYPTED PRIVATE KEY\", allowed is a key without a password")]
    [InlineData("""{ "dropCopy": { "tls": {}, "plainTcp": true } }""", "venue.dropCopy.plainTcp: saw true beside tls, allowed is one of the two")]
    [InlineData("""{ "dropCopy": { "tls": { "key": "x.key" } } }""", "venue.dropCopy.tls.key: saw \"x.key\", allowed is nothing without venue.dropCopy.tls.certificate beside it")]
    [InlineData("""{ "dropCopy": { "proxy": "somewhere" } }""", "venue.dropCopy.proxy: saw \"somewhere\", allowed is \"host:port\"")]
    [InlineData("""{ "dropCopy": { "headerTags": ["49=me"] } }""", "venue.dropCopy.headerTags: saw \"49=me\", allowed is a field of the standard header")]
    public void A_wrong_value_is_named_with_file_line_key_and_cure(string keys, string expected)
    {
        _folder.Write("broken.xml", "<fix major='4'");
        _folder.Write("small.xml", Dictionary);
        _folder.Write("ed25519.pem", Ed25519Pem);
        foreach (string kind in new[] { "PUBLIC", "ENCRYPTED PRIVATE" }) _folder.Write(kind == "PUBLIC" ? "public.pem" : "locked.pem", $"-----BEGIN {kind} KEY-----\nAAAA\n-----END {kind} KEY-----\n");
        JsonNode venue = JsonNode.Parse(keys)!;
        (venue["kind"], venue["port"]) = ("fix", 5001);
        Assert.Null(Load(venue.ToJsonString(), out string[] lines));
        Assert.StartsWith($"desk:1: {expected}", Assert.Single(lines), StringComparison.Ordinal);
    }

    /// <summary>The key of a worked example in a venue's public document.</summary>
    private const string Ed25519Pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u\n-----END PRIVATE KEY-----\n";

    private const string Dictionary = "<fix type='FIX' major='4' minor='4' servicepack='0'><header><field name='BeginString' required='Y'/></header><trailer><field name='CheckSum' required='Y'/></trailer>"
        + "<messages><message name='Heartbeat' msgtype='0' msgcat='admin'/></messages><components/><fields><field number='8' name='BeginString' type='STRING'/><field number='10' name='CheckSum' type='STRING'/></fields></fix>";

    [Fact]
    public void What_is_stated_reaches_the_session()
    {
        string dictionary = _folder.Write("small.xml", Dictionary);
        Desk? desk = Load("""
            { "kind": "fix", "port": 5001, "version": "FIX.4.4", "validation": { "level": "full", "userTags": false, "unknownFields": true, "fieldOrder": false, "groupOrder": true }, "dictionary": "small.xml",
              "schedule": { "kind": "weekly", "timeZone": "America/Chicago", "startDay": "sunday", "start": "17:00", "endDay": "friday", "end": "16:00:30" }, "headerTags": ["50=DESK7"], "orderTags": ["528=P", "15=USD"],
              "nextExpectedSequence": true, "testSession": true, "resendMessages": true, "resendChunk": 2500, "sendingTimeToleranceSeconds": 5, "microseconds": false }
            """, out string[] lines);
        Assert.True(desk is not null, string.Join('\n', lines));
        FixSettings fix = desk.Fix;
        Assert.Equal(new FixValidationOptions { Level = FixValidation.Full, CheckUserTags = false, AllowUnknownFields = true, CheckFieldOrder = false, CheckGroupOrder = true }, fix.Validation);
        Assert.Equal((dictionary, FixVersion.Fix44), (fix.Dictionaries!.Application.Source, fix.Version));
        Assert.Equal((true, true, true, 2500, 5, false), (fix.UseNextExpectedSequence, fix.TestSession, fix.ResendMessages, fix.ResendChunk, fix.SendingTimeToleranceSeconds, fix.Microseconds));
        Assert.Equal([(50, "DESK7")], fix.HeaderTags);
        Assert.Equal([(528, "P"), (15, "USD")], fix.OrderTags);
        // Friday 2026-01-02: closes at 16:00:30 in Chicago, which is 22:00:30 UTC, and opens on Sunday at 23:00 UTC.
        long friday = new DateTimeOffset(2026, 1, 2, 22, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds() * 1_000_000_000;
        ScheduleWindow open = fix.Schedule!.At(friday), closed = fix.Schedule.At(open.ToUtcNs);
        Assert.Equal((true, friday + 30_000_000_000L, false, friday + 49 * 3_600_000_000_000L), (open.IsOpen, open.ToUtcNs, closed.IsOpen, closed.ToUtcNs));

        Desk? round = Load("""{ "kind": "fix", "port": 5001, "schedule": { "kind": "24x7", "timeZone": "Asia/Tokyo", "resetTime": "06:00" } }""", out _);
        ScheduleWindow day = round!.Fix.Schedule!.At(friday);
        Assert.Equal((ScheduleKind.Continuous, true, 21), (round.Fix.Schedule.Kind, day.IsOpen, (int)(day.FromUtcNs / 3_600_000_000_000L % 24)));
    }

    [Fact]
    public void The_way_to_the_venue_is_stated_and_only_a_venue_elsewhere_has_one()
    {
        Desk? desk = Load("""{ "kind": "fix", "port": 5001, "backupHosts": ["b.example:1", "[::1]:2"], "proxy": "p.example:3128", "reconnectMilliseconds": 5, "reconnectLongestMilliseconds": 50, "connectTimeoutMilliseconds": 700, "tls": {} }""", out string[] lines);
        Assert.True(desk is not null, string.Join('\n', lines));
        TransportSettings way = desk.Fix.Transport;
        Assert.Equal([new FixEndpoint("b.example", 1), new FixEndpoint("::1", 2)], way.BackupHosts);
        Assert.Equal((new FixEndpoint("p.example", 3128), 5, 50, 700), (way.Proxy!.Value, way.ReconnectFirstMs, way.ReconnectLongestMs, way.ConnectTimeoutMs));
        Assert.True(way.Tls is { Pins.Count: 0, AuthorityFile: null, Identity: null });
        Assert.Null(Load("""{ "kind": "fix", "port": 5001 }""", out _)!.Fix.Transport.Tls);
        Assert.Null(Load("""{ "kind": "embedded", "tls": {} }""", out lines));
        Assert.StartsWith("desk:1: venue.tls: saw a value, allowed is nothing unless venue.kind is \"fix\"", Assert.Single(lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_drop_copy_goes_the_order_session_s_way_unless_it_has_its_own()
    {
        const string venue = "\"kind\": \"fix\", \"port\": 5001, \"proxy\": \"p.example:3128\", \"backupHosts\": [\"b.example:1\"], \"reconnectMilliseconds\": 5, \"tls\": { \"serverName\": \"orders\" }";
        DropCopySettings Copy(string keys)
        {
            Desk? desk = Load($$"""{ {{venue}}, "dropCopy": { {{keys}} } }""", out string[] lines);
            Assert.True(desk is not null, string.Join('\n', lines));
            return desk.Fix.DropCopy!;
        }
        DropCopySettings same = Copy("");
        Assert.Equal(("venue.tls", "orders", "p.example", 5), (same.Transport.Tls!.Path, same.Transport.Tls.ServerName, same.Transport.Proxy!.Value.Host, same.Transport.ReconnectFirstMs));
        Assert.Empty(same.Transport.BackupHosts);
        _folder.Write("ed25519.pem", Ed25519Pem);
        DropCopySettings own = Copy("""
            "host": "dc.example", "backupHosts": ["dc2.example:9"], "proxy": "none", "tls": { "serverName": "copies" }, "headerTags": ["50=X"], "resendRequests": false,
            "logonSignature": [{ "tag": 96, "lengthTag": 95, "text": "{35}", "algorithm": "ed25519", "secretFile": "ed25519.pem" }]
            """);
        Assert.Equal(("venue.dropCopy.tls", "copies", false), (own.Transport.Tls!.Path, own.Transport.Tls.ServerName, own.Transport.Proxy.HasValue));
        Assert.Equal([new FixEndpoint("dc2.example", 9)], own.Transport.BackupHosts);
        Assert.Equal((false, 96, LogonAlgorithm.Ed25519), (own.AsksForResends, Assert.Single(own.LogonSignature).Tag, own.LogonSignature[0].Algorithm));
        Assert.Equal([(50, "X")], own.HeaderTags);
        Assert.Null(Copy("\"host\": \"127.0.0.1\", \"plainTcp\": true").Transport.Tls);
        Assert.Null(Load("""{ "kind": "embedded", "dropCopy": { "tls": {} } }""", out string[] embedded));
        Assert.StartsWith("desk:1: venue.dropCopy.tls: saw a value, allowed is nothing unless venue.kind is \"fix\"", Assert.Single(embedded), StringComparison.Ordinal);
    }

    [Fact]
    public void A_signature_is_stated_its_secret_is_read_from_elsewhere_and_its_fields_are_secret()
    {
        _folder.Write("api-secret", "c2VjcmV0LWtleQ==\n");
        Environment.SetEnvironmentVariable("APPLIANCE_TEST_SECRET", "hush");
        Desk? desk = Load("""
            { "kind": "fix", "port": 5001, "resendRequests": false, "logonSignature": [
              { "tag": 8001, "lengthTag": 8000, "text": "{52}\u0001{34}", "algorithm": "hmac-sha256", "encoding": "hex", "secretFile": "api-secret", "secretEncoding": "base64" },
              { "tag": 554, "text": "{8001}", "algorithm": "sha256-secret-behind", "secretVariable": "APPLIANCE_TEST_SECRET" } ] }
            """, out string[] lines);
        Environment.SetEnvironmentVariable("APPLIANCE_TEST_SECRET", null);
        Assert.True(desk is not null, string.Join('\n', lines));
        var fields = desk.Fix.LogonSignature;
        Assert.Equal((8001, 8000, "{52}\u0001{34}", LogonAlgorithm.HmacSha256, LogonEncoding.Hex), (fields[0].Tag, fields[0].LengthTag, fields[0].Text, fields[0].Algorithm, fields[0].Encoding));
        Assert.Equal((554, LogonAlgorithm.Sha256WithSecretBehind, LogonEncoding.Base64), (fields[1].Tag, fields[1].Algorithm, fields[1].Encoding));
        Assert.Equal(("secret-key", "hush"), (Encoding.ASCII.GetString(fields[0].Secret), Encoding.ASCII.GetString(fields[1].Secret)));
        Assert.Equal([8001, 554], desk.Fix.SecretLogonTags);
        Assert.False(desk.Fix.AsksForResends);
        // What a journal pins of it are names.
        string pinned = Encoding.UTF8.GetString(desk.Bytes);
        Assert.DoesNotContain("c2VjcmV0", pinned, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", pinned, StringComparison.Ordinal);
    }

    /// <summary>The venues that docs/operations.md shows are sessions that can log on.</summary>
    [Theory]
    [InlineData("// Coinbase Exchange", "Coinbase", 1, 554)]
    [InlineData("// Deribit", "DERIBITSERVER", 2, 553)]
    [InlineData("// Binance", "SPOT", 1, 553)]
    [InlineData("// Bybit", "BYBIT_FIX_SERVER", 2, 553)]
    public void The_signed_logons_that_the_documents_show_are_sound(string title, string target, int fields, int plainTag)
    {
        string text = File.ReadAllText(RunFolder.Shipped("docs/operations.md"));
        string block = text[text.IndexOf(title, StringComparison.Ordinal)..].Split("```", 2)[0].Split("\n\n", 2)[0];
        string keys = string.Join('\n', block.Split('\n').Where(l => !l.StartsWith("//", StringComparison.Ordinal)));
        Directory.CreateDirectory(_folder.Inside("secrets"));
        _folder.Write("secrets/passphrase", "phrase\n");
        _folder.Write("secrets/api-secret", "c2VjcmV0LWtleQ==\n");
        _folder.Write("secrets/binance.pem", Ed25519Pem);
        using (var rsa = System.Security.Cryptography.RSA.Create(2048)) _folder.Write("secrets/bybit.pem", rsa.ExportPkcs8PrivateKeyPem());
        Environment.SetEnvironmentVariable("DERIBIT_SECRET", "hush");
        Desk? desk = Load("{" + keys + "}", out string[] lines);
        Environment.SetEnvironmentVariable("DERIBIT_SECRET", null);
        Assert.True(desk is not null, string.Join('\n', lines));
        FixSettings fix = desk.Fix;
        Assert.Equal((target, fields, true), (fix.TargetCompId, fix.LogonSignature.Count, fix.Transport.Tls is not null));
        Assert.Contains(fix.LogonTags, t => t.Tag == plainTag);
        var options = new FixSessionOptions
        {
            Host = fix.Host, Port = fix.Port, SenderCompId = fix.SenderCompId, TargetCompId = fix.TargetCompId, Version = fix.Version, ResetSequenceNumbersOnLogon = fix.ResetOnLogon,
            LogonFields = [.. fix.LogonTags.Select(t => new KeyValuePair<int, string>(t.Tag, t.Value))], ComputedLogonFields = fix.LogonSignature,
        };
        Assert.Empty(options.Check());
        if (fix.DropCopy is { } copy) Assert.Equal((true, 1), (copy.Transport.Tls is not null, copy.LogonSignature.Count));
    }

    /// <summary>A replay knows the desk file from the journal, and neither dictionaries nor secrets are there.</summary>
    [Fact]
    public void A_replay_reads_no_dictionary()
    {
        string file = _folder.Demo(d => d["venue"] = JsonNode.Parse("""{ "kind": "fix", "port": 5001, "validation": { "level": "full" }, "dictionary": "elsewhere.xml" }"""));
        var errors = new ConfigurationErrors();
        Assert.NotNull(Desk.Parse(File.ReadAllBytes(file), file, errors, pinnedPolicies: []));
        Assert.Equal(0, errors.Count);
    }

    [Theory]
    [InlineData("FIX.4.2")]
    [InlineData("FIX.5.0SP2")]
    public void A_desk_trades_with_the_embedded_venue_in_the_version_that_it_names(string version)
    {
        string desk = _folder.Demo(d =>
        {
            d["venue"]!["version"] = version;
            d["venue"]!["validation"] = JsonNode.Parse("""{ "level": "full" }""");
            d["venue"]!["orderTags"] = new JsonArray("15=USD");
            d["venue"]!["schedule"] = JsonNode.Parse("""{ "kind": "24x7", "timeZone": "Europe/Berlin", "resetTime": "03:30" }""");
        });
        var (code, output, errors) = ApplianceProcess.Run("run", "--profile", _folder.Profile("fused"), "--desk", desk, "--seconds", "2", "--warm-up", "0.5", "--out", _folder.Out, "--report", _folder.ReportFile, "--no-console");
        Assert.True(code == 0, output + string.Join('\n', errors));
        var report = _folder.Report();
        Assert.True(report.GetProperty("orders").GetProperty("filled").GetInt64() > 0);
        Assert.True(report.GetProperty("statement").GetProperty("equal").GetBoolean());
        Assert.Contains($"\"version\": \"{version}\"", File.ReadAllText(_folder.ReportFile), StringComparison.Ordinal);
    }
}
