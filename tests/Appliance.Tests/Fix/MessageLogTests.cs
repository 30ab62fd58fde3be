using System.Globalization;
using System.Text;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>The log of messages in plain text: what is in it, when it goes on in another file, what it hides, and that it says what it lost.</summary>
public sealed class MessageLogTests : IDisposable
{
    private const long DayNs = 86_400_000_000_000;
    private static readonly StoreOptions Small = new() { SegmentBytes = StoreOptions.SegmentBytesMin, Segments = 2 };
    private readonly string _folder = Directory.CreateTempSubdirectory("fixlog").FullName;
    private string LogFolder => Path.Combine(_folder, "log");
    public void Dispose() => Directory.Delete(_folder, true);

    private static byte[] Text(uint sequence, string more = "") => FixSamples.Message($"35=8|49=A|56=B|34={sequence}|52=20231114-22:13:20.000|{more}");

    private static void Write(SequenceStore store, byte[] text, long utcNs)
    {
        text.CopyTo(store.NextBuffer());
        store.Commit(text.Length, FixMsgType.ExecutionReport, default, utcNs);
    }

    [Fact]
    public void Lines_bear_time_and_direction_a_day_begins_a_file_and_decode_reads_them()
    {
        using var store = new SequenceStore(null, Small);
        using (var log = new MessageLog(new MessageLogOptions { Directory = LogFolder }))
        {
            log.Add(store, "A-B");
            long midnight = FixSamples.StartUtcNs / DayNs * DayNs + DayNs;
            Write(store, Text(1), midnight - 1_500);
            store.AppendIncoming(Text(7), 7, FixMsgType.ExecutionReport, midnight - 1_000);
            Write(store, Text(2), midnight + 250_000);
            store.Settle();
        }
        Assert.Equal(["A-B-20231114.log", "A-B-20231115.log"], Directory.GetFiles(LogFolder).Select(Path.GetFileName).Order());
        string first = Encoding.Latin1.GetString(File.ReadAllBytes(Path.Combine(LogFolder, "A-B-20231114.log")));
        Assert.Equal($"20231114-23:59:59.999998 out {Encoding.Latin1.GetString(Text(1))}\n20231114-23:59:59.999999 in  {Encoding.Latin1.GetString(Text(7))}\n", first);
        var entry = Assert.Single(FixLogReader.Read(File.ReadAllBytes(Path.Combine(LogFolder, "A-B-20231115.log"))));
        Assert.Equal("20231115-00:00:00.000250 out", entry.Prefix);
        Assert.Equal(Text(2), entry.Message);
    }

    [Fact]
    public void A_file_that_has_its_size_goes_on_in_another_and_a_restart_goes_on_in_the_last()
    {
        const int messages = 9_000;
        for (int run = 0; run < 2; run++)
        {
            using var store = new SequenceStore(null, new StoreOptions { SegmentBytes = 4 << 20, Segments = 2 });
            using var log = new MessageLog(new MessageLogOptions { Directory = LogFolder, FileMegabytes = 1 });
            log.Add(store, "A-B");
            for (int i = 0; i < messages; i++) Write(store, Text(store.NextOutgoing, $"58={new string('x', 100)}|"), FixSamples.StartUtcNs);
            store.Settle();
            if (run == 1) continue;
            log.Dispose();
            // As a kill leaves it: the last line is cut in the middle.
            string last = Path.Combine(LogFolder, "A-B-20231114-2.log");
            using var cut = new FileStream(last, FileMode.Open);
            cut.SetLength(cut.Length - 20);
        }
        string[] names = [.. Directory.GetFiles(LogFolder).Select(f => Path.GetFileName(f)!).Order()];
        Assert.Equal(["A-B-20231114-2.log", "A-B-20231114-3.log", "A-B-20231114-4.log", "A-B-20231114.log"], names);
        string[] lines = [.. names.SelectMany(n => File.ReadAllLines(Path.Combine(LogFolder, n), Encoding.Latin1))];
        Assert.Equal(2 * messages, lines.Length);
        Assert.Equal(2 * messages - 1, lines.Count(l => l.EndsWith('\u0001')));
    }

    [Fact]
    public void Secrets_of_a_logon_are_asterisks_and_the_message_still_checks()
    {
        byte[] logon = FixSamples.Message("35=A|49=A|56=B|34=1|52=20231114-22:13:20.000|98=0|108=30|95=5|96=a\u0001b|c|553=me|554=secret|925=later|");
        string before = FixSamples.Show(logon);
        SecretFields.Mask(logon, SecretFields.Usual);
        FixSamples.AssertSound(logon);
        Assert.Equal(before[..before.IndexOf("96=", StringComparison.Ordinal)] + "96=*****|553=me|554=******|925=*****|", FixSamples.Show(logon)[..^7]);
        byte[] order = FixSamples.Message("35=D|49=A|56=B|34=1|52=20231114-22:13:20.000|554=secret|");
        byte[] copy = [.. order];
        SecretFields.Mask(order, SecretFields.Usual);
        Assert.Equal(copy, order);
    }

    /// <summary>The folder is taken away while lines are due: they are counted, the sender notices nothing, and a line says so once there is a place to write again.</summary>
    [Fact]
    public void Lines_that_the_disk_refuses_are_counted_and_said()
    {
        using var store = new SequenceStore(null, Small);
        using (var log = new MessageLog(new MessageLogOptions { Directory = LogFolder }))
        {
            log.Add(store, "A-B");
            Directory.Delete(LogFolder);
            File.WriteAllText(LogFolder, "in the way");
            for (int i = 0; i < 10; i++) Write(store, Text(store.NextOutgoing), FixSamples.StartUtcNs);
            store.Settle();
            Assert.True(SpinWait.SpinUntil(() => log.LinesLost == 10, 60_000));
            Assert.NotNull(log.LastError);
            File.Delete(LogFolder);
            Directory.CreateDirectory(LogFolder);
            // It tries again once a second.
            Assert.True(SpinWait.SpinUntil(() =>
            {
                Write(store, Text(store.NextOutgoing), FixSamples.StartUtcNs);
                store.Settle();
                Thread.Yield();
                return log.LinesWritten > 0;
            }, 60_000));
        }
        string[] lines = File.ReadAllLines(Path.Combine(LogFolder, "A-B-20231114.log"), Encoding.Latin1);
        Assert.Matches("^# [0-9]+ messages are missing here", lines[0]);
        long missing = long.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        uint firstWritten = FixHeader.Read(FixLogReader.Read(Encoding.Latin1.GetBytes(lines[1])).Single().Message).Sequence;
        Assert.Equal(missing + 1, firstWritten);
    }

    [Fact]
    public void A_session_over_tcp_is_logged_at_both_ends()
    {
        using (var rig = new LoopbackRig(change: o => o with { MessageLog = new MessageLogOptions { Directory = LogFolder } }))
        {
            rig.Up();
            var order = rig.Gate.New(0, Side.Buy, 1_000_000, 5);
            Assert.Equal(SendResult.Sent, rig.Gateway.Send(in order));
            rig.Until(() => rig.Sink.Executions.Count() == 2, "the reports");
        }
        byte[] log = File.ReadAllBytes(Assert.Single(Directory.GetFiles(LogFolder)));
        var entries = FixLogReader.Read(log).ToList();
        string[] seen = [.. entries.Select(e => $"{e.Prefix[25..]} {Encoding.Latin1.GetString(e.Message).Split('\u0001')[2]}")];
        Assert.Equal(["out 35=A", "in 35=A"], seen[..2]);
        Assert.Equal(["out 35=D", "in 35=8", "in 35=8"], seen.Where(s => s.EndsWith("=D", StringComparison.Ordinal) || s.EndsWith("=8", StringComparison.Ordinal)));
        var check = new LogCheck(null, new FixValidationOptions { Level = FixValidation.Structural });
        foreach (var entry in entries) Assert.Empty(check.Check(entry));
    }
}
