using System.IO.Compression;
using System.Text;
using Appliance.TestKit;
using Appliance.Tests.Fix;

namespace Appliance.Tests.Host;

/// <summary>`appliance fix` on what people have: a log, the same packed, and one whose packing is cut short.</summary>
[Collection(ProcessTests.Name)]
public sealed class FixLogCommandTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_packed_log_is_read_and_a_damaged_one_is_named()
    {
        byte[] log = [.. Enumerable.Range(1, 400).SelectMany(i => FixSamples.Message($"35=0|49=A|56=B|34={i}|52=20231114-22:13:20.000|112={Guid.NewGuid()}|"))];
        string packed = _folder.Inside("venue.log.gz"), cut = _folder.Inside("cut.gz");
        using (var stream = new GZipStream(File.Create(packed), CompressionLevel.Fastest)) stream.Write(log);
        File.WriteAllBytes(cut, File.ReadAllBytes(packed)[..^100]);
        var (code, output, _) = ApplianceProcess.Run("fix", "check", packed);
        Assert.Equal((0, "400 messages, 0 wrong"), (code, output.Trim()));
        (code, output, string[] errors) = ApplianceProcess.Run("fix", "decode", cut);
        Assert.Equal(2, code);
        Assert.Contains($"{cut}: is gzip that is cut short or damaged", Assert.Single(errors), StringComparison.Ordinal);
        Assert.Contains("TestReqID", output, StringComparison.Ordinal);
        Assert.True(Encoding.ASCII.GetByteCount(output) > 10_000);
    }
}
