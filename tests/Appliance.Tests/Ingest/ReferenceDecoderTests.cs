using Appliance.Ingest.Pcap;
using Appliance.TestKit;

namespace Appliance.Tests.Ingest;

/// <summary>Every field of every message of the real captures, as two decoders in two languages see it.</summary>
public class ReferenceDecoderTests
{
    public static TheoryData<string, CaptureKind> Captures()
    {
        var data = new TheoryData<string, CaptureKind>();
        // Without the recordings there must still be a row, for the theory to be skipped instead of failing for want of data.
        if (SharedData.Root is null) data.Add("", CaptureKind.Unknown);
        Add("itch", "", "*NASDAQ_ITCH50", CaptureKind.ItchFile);
        Add("pcap/omi/Nasdaq", "Nasdaq.Equities.TotalView.Itch.v5.0", "*.pcap", CaptureKind.PcapItch);
        Add("pcap/omi/Iex", "Deep.IexTp.v1.0", "*.pcap", CaptureKind.PcapDeep);
        Add("pcap/iex", "", "DEEP10.pcap.gz", CaptureKind.PcapDeep);
        return data;

        void Add(string folder, string protocol, string pattern, CaptureKind kind)
        {
            if (!SharedData.TryFind(folder, out string root)) return;
            foreach (string file in Directory.EnumerateFiles(root, pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal))
                if (Path.GetRelativePath(root, file).StartsWith(protocol, StringComparison.Ordinal)) data.Add(Path.GetRelativePath(SharedData.Root!, file), kind);
        }
    }

    [PythonTheory("pcap")]
    [MemberData(nameof(Captures))]
    public void Both_decoders_agree_on_every_field_of_a_capture(string capture, CaptureKind kind) =>
        Assert.True(ReferenceDecoder.AssertAgree(SharedData.Find(capture), kind) > 0);

    [PythonTheory("pcap/iex/DEEP10.pcap.gz")]
    [InlineData("pcap/iex/DEEP10.pcap.gz", CaptureKind.PcapDeep, 513_314)]
    [InlineData("itch/12302019_SNIPPET.NASDAQ_ITCH50", CaptureKind.ItchFile, 1_000)]
    public void None_of_a_captures_messages_is_left_out(string capture, CaptureKind kind, long lines) =>
        // DEEP: 121,314 packets, their 391,999 messages, and the torn one at the end. ITCH: the first thousand messages.
        Assert.Equal(lines, ReferenceDecoder.AssertAgree(SharedData.Find(capture), kind));

    [SharedDataFact("pcap/omi")]
    public void The_list_of_captures_holds_all_that_are_there() =>
        // One raw ITCH file, 15 + 8 of TotalView, 3 of DEEP 1.0, one day's part of DEEP 1.0.
        Assert.Equal(28, Captures().Count());
}
