using System.Buffers.Binary;
using System.Text;
using Appliance.Contract;
using Appliance.Ingest.Journal;
using Appliance.TestKit;
using Xunit.Abstractions;

namespace Appliance.Tests.Journal;

public class JournalRecoveryTests(ITestOutputHelper output)
{
    /// <summary>Rotates daily, so that a week of runs tries seven thousand cuts and one day's failure can be repeated.</summary>
    private int Seed()
    {
        int seed = (int)(DateTime.UtcNow - DateTime.UnixEpoch).TotalDays;
        if (int.TryParse(Environment.GetEnvironmentVariable("APPLIANCE_TEST_SEED"), out int given)) seed = given;
        output.WriteLine($"seed {seed} (set APPLIANCE_TEST_SEED to repeat another)");
        return seed;
    }

    [Fact]
    public void A_journal_cut_at_a_thousand_random_bytes_recovers_to_its_last_whole_event()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = JournalBench.RandomEvents(2_000, seed: 1);
        byte[] whole = Record(file.Path, events);
        int headerBytes = whole.Length - events.Length * JournalFormat.RecordBytes;
        var random = new Random(Seed());
        for (int i = 0; i < 1_000; i++)
        {
            int length = random.Next(headerBytes, whole.Length + 1);
            File.WriteAllBytes(file.Path, whole.AsSpan(0, length));
            int expected = (length - headerBytes) / JournalFormat.RecordBytes;
            List<RingEvent> read = JournalBench.ReadAll(file.Path, out JournalReader reader, out JournalRead last);
            using (reader)
            {
                Assert.Equal(JournalRead.End, last);
                Assert.Equal((length - headerBytes) % JournalFormat.RecordBytes, reader.TornTailBytes);
                JournalBench.AssertEqual(new ArraySegment<RingEvent>(events, 0, expected), read);
            }
        }
    }

    [Fact]
    public void A_header_cut_anywhere_is_said_to_be_cut()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = JournalBench.RandomEvents(2, seed: 1);
        byte[] whole = Record(file.Path, events);
        int headerBytes = whole.Length - events.Length * JournalFormat.RecordBytes;
        foreach (int length in new[] { 1, 7, 8, 63, 64, 100, headerBytes - 1 })
        {
            File.WriteAllBytes(file.Path, whole.AsSpan(0, length));
            Assert.Null(JournalReader.TryOpen(file.Path, out string? error));
            Assert.Contains("ends inside the journal's header", error, StringComparison.Ordinal);
            Assert.Contains($"after {length} ", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_flipped_bit_in_the_middle_is_an_error_that_names_offset_and_sequence()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = JournalBench.RandomEvents(20_000, seed: 2);
        byte[] whole = Record(file.Path, events);
        int headerBytes = whole.Length - events.Length * JournalFormat.RecordBytes;
        var random = new Random(Seed());
        for (int i = 0; i < 200; i++)
        {
            int record = random.Next(0, events.Length - 1);
            int offset = headerBytes + record * JournalFormat.RecordBytes;
            int bit = random.Next(JournalFormat.RecordBytes * 8);
            whole[offset + bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(file.Path, whole);
            List<RingEvent> read = JournalBench.ReadAll(file.Path, out JournalReader reader, out JournalRead last);
            using (reader)
            {
                Assert.Equal(JournalRead.Damaged, last);
                Assert.Equal(record, read.Count);
                Assert.Contains($"damaged at byte {offset}:", reader.Error, StringComparison.Ordinal);
                Assert.Contains($"sequence {record} ", reader.Error, StringComparison.Ordinal);
                RingEvent e = default;
                Assert.Equal(JournalRead.Damaged, reader.Read(ref e));
            }
            whole[offset + bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Damage_ends_a_replay_and_marks_it_failed()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = JournalBench.RandomEvents(100, seed: 3);
        byte[] whole = Record(file.Path, events);
        whole[^(40 * JournalFormat.RecordBytes)] ^= 1;
        File.WriteAllBytes(file.Path, whole);
        var collector = new EventCollector();
        using var source = new JournalSource<EventCollector.Sink>(JournalReader.TryOpen(file.Path, out _)!, new JournalSourceOptions(), collector.AsSink());
        while (!source.Ended) _ = source.Poll(10);
        Assert.True(source.Failed);
        Assert.Equal(60, collector.Events.Count);
        Assert.Equal(1, source.Statistics.DecodeErrors);
        Assert.Contains("damaged at byte", source.Statistics.FirstError, StringComparison.Ordinal);
    }

    [Fact]
    public void Zeroes_behind_the_last_record_are_a_torn_tail()
    {
        using var file = new TemporaryFile();
        RingEvent[] events = JournalBench.RandomEvents(100, seed: 4);
        byte[] whole = Record(file.Path, events);
        File.WriteAllBytes(file.Path, [.. whole, .. new byte[1_000_000]]);
        List<RingEvent> read = JournalBench.ReadAll(file.Path, out JournalReader reader, out JournalRead last);
        using (reader)
        {
            Assert.Equal(JournalRead.End, last);
            Assert.Equal(1_000_000, reader.TornTailBytes);
            JournalBench.AssertEqual(events, read);
        }
    }

    [Fact]
    public void A_torn_tail_is_said_by_the_source()
    {
        using var file = new TemporaryFile();
        byte[] whole = Record(file.Path, JournalBench.RandomEvents(10, seed: 4));
        File.WriteAllBytes(file.Path, whole.AsSpan(0, whole.Length - 5));
        var collector = new EventCollector();
        using var source = new JournalSource<EventCollector.Sink>(JournalReader.TryOpen(file.Path, out _)!, new JournalSourceOptions(), collector.AsSink());
        while (!source.Ended) _ = source.Poll(10);
        Assert.Equal(9, collector.Events.Count);
        Assert.True(source.Statistics.TornTail);
        Assert.False(source.Failed);
        Assert.Equal("torn tail: 67 bytes behind the last whole event (sequence 8) were dropped", source.Statistics.FirstError);
    }

    [Fact]
    public void Files_that_are_no_journal_of_this_build_are_refused_in_words()
    {
        using var file = new TemporaryFile();
        byte[] whole = Record(file.Path, JournalBench.RandomEvents(3, seed: 4));

        Assert.Contains("the file is empty", ErrorOf([]), StringComparison.Ordinal);
        Assert.Contains("this is no journal", ErrorOf([0x1F, 0x8B, 8, 0]), StringComparison.Ordinal);
        Assert.Contains("this is no journal", ErrorOf(Encoding.ASCII.GetBytes(new string('x', 5_000))), StringComparison.Ordinal);
        Assert.Contains("has format version 9; this build reads version 1", ErrorOf(Altered(8, 9)), StringComparison.Ordinal);
        Assert.Contains("records of 80 bytes with events of 64", ErrorOf(Altered(16, 80)), StringComparison.Ordinal);
        Assert.Contains("states a length of 4097 bytes", ErrorOf(Altered(12, 4_097)), StringComparison.Ordinal);
        Assert.Contains("header is damaged", ErrorOf(Altered(24, 13)), StringComparison.Ordinal);
        Assert.Null(JournalReader.TryOpen(file.Path + ".absent", out string? absent));
        Assert.Contains("cannot be read", absent, StringComparison.Ordinal);

        byte[] Altered(int offset, uint value)
        {
            byte[] copy = [.. whole];
            BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan(offset), value);
            return copy;
        }

        string ErrorOf(byte[] bytes)
        {
            File.WriteAllBytes(file.Path, bytes);
            Assert.Null(JournalReader.TryOpen(file.Path, out string? error));
            Assert.StartsWith(file.Path, error, StringComparison.Ordinal);
            return error!;
        }
    }

    [Fact]
    public void What_differs_between_the_recorded_run_and_this_one_is_named()
    {
        JournalHeader recorded = JournalBench.Header();
        Assert.Empty(recorded.DifferencesTo(JournalBench.Header()));
        JournalHeader now = JournalBench.Header(desk: "{}") with { InstructionSet = "x64 AVX-512", OrderIdEpoch = 78, OpeningPositions = [], Policies = [] };
        IReadOnlyList<string> differences = recorded.DifferencesTo(now);
        Assert.Equal(5, differences.Count);
        Assert.StartsWith("desk file: recorded desk/test.json (sha256 ", differences[0], StringComparison.Ordinal);
        Assert.Equal("policies: recorded 1, now 0", differences[1]);
        Assert.Equal("opening positions", differences[2]);
        Assert.Equal("order-identifier epoch: recorded 77, now 78", differences[3]);
        Assert.Equal("instruction set: recorded x64 AVX2, now x64 AVX-512", differences[4]);
    }

    [Fact]
    public void The_checksum_is_the_published_one()
    {
        // CRC-32C of "123456789": the check value of the catalogue of parametrised CRC algorithms (CRC-32/ISCSI).
        Assert.Equal(0xE3069283u, JournalFormat.Checksum("123456789"u8));
        // RFC 3720, B.4: 32 bytes of zeroes, and 32 bytes 0..31.
        Assert.Equal(0x8A9136AAu, JournalFormat.Checksum(new byte[32]));
        Assert.Equal(0x46DD794Eu, JournalFormat.Checksum(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));
        // A record's checksum is the same function over sequence and event.
        RingEvent e = JournalBench.RandomEvents(1, seed: 4)[0];
        byte[] bytes = new byte[8 + RingEvent.SizeBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, 0x1_2345_6789);
        e.AsBytes().CopyTo(bytes.AsSpan(8));
        Assert.Equal(JournalFormat.Checksum(bytes), JournalFormat.RecordChecksum(0x1_2345_6789, in e.AsBytes()[0]));
    }

    private static byte[] Record(string path, RingEvent[] events)
    {
        using (var bench = new JournalBench(PosixJournalFile.TryCreate(path, out _)!)) bench.PublishAll(events);
        return File.ReadAllBytes(path);
    }
}
