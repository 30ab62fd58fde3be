using Appliance.Ingest.Pcap;
using Xunit.Abstractions;

namespace Appliance.Tests.Ingest;

/// <summary>
/// Made-up captures with every message type and every fault of framing, for what the recordings lack: both decoders must say the same of them. The seed rotates daily.
/// </summary>
public class ReferenceDecoderFuzzTests(ITestOutputHelper output)
{
    [PythonTheory]
    [InlineData(CaptureKind.PcapItch, 0)]
    [InlineData(CaptureKind.PcapItch, 1)]
    [InlineData(CaptureKind.PcapItch, 2)]
    [InlineData(CaptureKind.PcapDeep, 0)]
    [InlineData(CaptureKind.PcapDeep, 1)]
    [InlineData(CaptureKind.PcapDeep, 2)]
    [InlineData(CaptureKind.ItchFile, 0)]
    [InlineData(CaptureKind.ItchFile, 1)]
    public void Both_decoders_agree_on_made_up_captures(CaptureKind kind, int variant)
    {
        int seed = (int)(DateTime.UtcNow - DateTime.UnixEpoch).TotalDays;
        if (int.TryParse(Environment.GetEnvironmentVariable("APPLIANCE_TEST_SEED"), out int given)) seed = given;
        output.WriteLine($"seed {seed} (set APPLIANCE_TEST_SEED to repeat another)");
        for (int round = 0; round < 4; round++)
        {
            byte[] bytes = new CaptureMaker(HashCode(seed, variant, round), kind).Make(packets: 2_000, variant);
            string path = Path.Combine(Path.GetTempPath(), $"appliance-fuzz-{Guid.NewGuid():N}");
            File.WriteAllBytes(path, bytes);
            try
            {
                Assert.True(ReferenceDecoder.AssertAgree(path, kind) > 1_000);
            }
            finally
            {
                File.Delete(path);
            }
        }
    }

    /// <summary>Not System.HashCode, whose seed differs from process to process.</summary>
    private static int HashCode(int seed, int variant, int round) => seed * 1_000 + variant * 100 + round;
}
