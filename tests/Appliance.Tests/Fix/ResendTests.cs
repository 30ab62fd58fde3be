using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>Answers to resend requests that are long: in slices, as the link takes them, with everything else going on meanwhile.</summary>
public class ResendTests
{
    private static SessionRig Acceptor(int reports)
    {
        var rig = new SessionRig(FixRole.Acceptor).Connect();
        rig.Receive("A", 1, "98=0|108=10|");
        rig.Quiet = true;
        for (int i = 1; i <= reports; i++) rig.Report((ulong)i);
        rig.Quiet = false;
        rig.TakeWritten();
        return rig;
    }

    private static uint NumberOf(string written) => uint.Parse(written.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public void A_slice_at_a_time_goes_out_and_only_when_the_link_has_taken_the_last()
    {
        var rig = Acceptor(500);
        rig.Receive("2", 2, "7=1|16=0|");
        int first = rig.TakeWritten().Length;
        Assert.InRange(first, 20, 130);
        rig.LinkIsClear = false;
        rig.Pass(0.001).Pass(0.001);
        Assert.Empty(rig.TakeWritten());
        rig.LinkIsClear = true;
        var rest = new List<string>();
        while (true)
        {
            rig.Pass(0.001);
            string[] slice = rig.TakeWritten();
            if (slice.Length == 0) break;
            Assert.InRange(slice.Length, 1, 130);
            rest.AddRange(slice);
        }
        // The Logon is gap-filled, the reports come again, each once and in turn.
        Assert.Equal(501, first + rest.Count);
        Assert.Equal(Enumerable.Range(first + 1, rest.Count).Select(n => (uint)n), rest.Select(NumberOf));
        Assert.Equal(500, rig.Session.Counters.MessagesResent);
    }

    [Fact]
    public void What_is_numbered_meanwhile_follows_in_turn_and_what_comes_in_is_taken()
    {
        var rig = Acceptor(300);
        rig.Receive("2", 2, "7=1|16=0|");
        var written = new List<string>(rig.TakeWritten());
        rig.Report(1_000);
        rig.Receive("D", 3, "11=1|55=AAPL|54=1|38=1|40=1|60=20231114-22:13:20.000|");
        Assert.Contains("message 3", rig.TakeTold());
        for (int i = 0; i < 20; i++)
        {
            rig.Pass(0.001);
            written.AddRange(rig.TakeWritten());
        }
        Assert.Equal(Enumerable.Range(1, 302).Select(n => (uint)n), written.Select(NumberOf));
        Assert.DoesNotContain("43=Y", written[^1], StringComparison.Ordinal);
        rig.Report(1_001);
        Assert.Equal(303u, NumberOf(Assert.Single(rig.TakeWritten())));
    }

    /// <summary>A peer that stops reading in mid-resend: no heartbeat is numbered at each poll, and the session's own clock still runs.</summary>
    [Fact]
    public void A_peer_that_stops_reading_does_not_fill_the_store_with_heartbeats()
    {
        var rig = Acceptor(300);
        rig.Receive("2", 2, "7=1|16=0|");
        rig.LinkIsClear = false;
        uint before = rig.Store.NextOutgoing;
        for (int i = 0; i < 2_000; i++) rig.Pass(0.01);
        Assert.InRange(rig.Store.NextOutgoing - before, 1u, 4u);
    }

    [Fact]
    public void Another_request_begins_the_answer_anew_and_the_end_of_the_session_ends_it()
    {
        var rig = Acceptor(500);
        rig.Receive("2", 2, "7=1|16=0|");
        rig.TakeWritten();
        rig.Receive("2", 3, "7=400|16=0|");
        Assert.Equal(400u, NumberOf(rig.TakeWritten()[0]));
        rig.Session.OnLinkLost(rig.NowNs, rig.UtcNs);
        rig.Pass(0.001);
        Assert.Empty(rig.TakeWritten());
        rig.Connect().Receive("A", 4, "98=0|108=10|");
        rig.TakeWritten();
        rig.Pass(0.001);
        Assert.Empty(rig.TakeWritten());
    }

    [Fact]
    public void Messages_of_the_largest_size_are_resent_whole_and_a_longer_one_from_the_peer_ends_the_session_by_name()
    {
        var rig = new SessionRig(FixRole.Acceptor).Connect();
        rig.Receive("A", 1, "98=0|108=10|");
        rig.TakeWritten();
        string text = new('x', 7_900);
        for (int i = 0; i < 5; i++)
        {
            var writer = FixMessageWriter.Begin(rig.Session.NextBuffer(out uint sequence), rig.Header, FixMsgType.ExecutionReport, sequence, rig.UtcNs);
            writer.Text("58="u8, System.Text.Encoding.ASCII.GetBytes(text));
            rig.Session.SendReport(writer.Finish(), FixMsgType.ExecutionReport, rig.NowNs);
        }
        Assert.Throws<InvalidOperationException>(() =>
        {
            var writer = FixMessageWriter.Begin(rig.Session.NextBuffer(out uint sequence), rig.Header, FixMsgType.ExecutionReport, sequence, rig.UtcNs);
            writer.Text("58="u8, new byte[8_192]);
        });
        rig.TakeWritten();
        rig.Receive("2", 2, "7=2|16=0|");
        for (int i = 0; i < 5; i++) rig.Pass(0.001);
        string[] again = rig.TakeWritten();
        Assert.Equal(Enumerable.Range(2, 5).Select(n => $"8 {n} 43=Y 58={text}"), again);
        rig.Receive("B", 3, $"148=news|58={new string('y', 60_000)}|");
        Assert.Contains("message 3", rig.TakeTold());
        rig.Raw(FixSamples.Message($"35=B|49=VENUE|56=DESK|34=4|52={SessionRig.TimeText(rig.UtcNs)}|58={new string('y', 70_000)}|"));
        Assert.Contains("65536", Assert.Single(rig.TakeWritten()), StringComparison.Ordinal);
        Assert.Equal((FixSessionState.Disconnected, FixDownReason.MessageTooLong), (rig.Session.State, rig.Session.Counters.LastDownReason));
    }
}
