using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>Orders that leave together: what the link begins has left, in order; nothing of the rest leaves, ever, and its numbers are given to others.</summary>
public sealed class GatheredOrderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gathered").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    /// <summary>Gathers orders with these identifiers, and says how many bytes each has.</summary>
    private static int[] Gather(SessionRig rig, params ulong[] ids)
    {
        var lengths = new List<int>();
        foreach (ulong id in ids)
        {
            Assert.True(rig.Session.CanGather);
            Assert.Equal(SendResult.Sent, rig.Order(id, gathers: true));
            Assert.True(rig.Store.TryGet(rig.Store.NextOutgoing - 1, out var message, out _, out var order));
            Assert.Equal(id, order.ClientOrderId);
            lengths.Add(message.Length);
        }
        return [.. lengths];
    }

    private static string Number(string written) => written.Split(' ')[1];
    private static string Id(string written) => written.Split(' ').Single(f => f.StartsWith("11=", StringComparison.Ordinal))[3..];

    [Fact]
    public void All_leave_by_one_write_in_their_order()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        uint next = rig.Store.NextOutgoing;
        long out0 = rig.Session.Counters.MessagesOut;
        Gather(rig, 11, 12, 13);
        Assert.Empty(rig.TakeWritten());
        Assert.Equal((3, next + 3), (rig.Session.GatheredOrders, rig.Store.NextOutgoing));
        Assert.Equal(SendResult.Sent, rig.Session.WriteGathered(rig.NowNs, out int left));
        string[] written = rig.TakeWritten();
        Assert.Equal((3, 3, 0, 3L), (left, written.Length, rig.Session.GatheredOrders, rig.Session.Counters.MessagesOut - out0));
        Assert.Equal(["11", "12", "13"], written.Select(Id));
        Assert.Equal([$"{next}", $"{next + 1}", $"{next + 2}"], written.Select(Number));
        // Nothing gathered is nothing written.
        Assert.Equal(SendResult.Sent, rig.Session.WriteGathered(rig.NowNs, out left));
        Assert.Equal((0, 0), (left, rig.TakeWritten().Length));
    }

    [Fact]
    public void Whatever_number_of_bytes_the_link_takes_what_was_begun_is_finished_and_the_rest_never_leaves()
    {
        int total = Gather(new SessionRig(FixRole.Initiator).Up(), 11, 12, 13).Sum();
        for (int takes = 0; takes <= total; takes++)
        {
            var rig = new SessionRig(FixRole.Initiator).Up();
            uint next = rig.Store.NextOutgoing;
            int[] lengths = Gather(rig, 11, 12, 13);
            rig.Takes = takes;
            SendResult result = rig.Session.WriteGathered(rig.NowNs, out int left);
            int begun = takes == 0 ? 0 : takes <= lengths[0] ? 1 : takes <= lengths[0] + lengths[1] ? 2 : 3;
            Assert.Equal((takes, begun, begun == 3 ? SendResult.Sent : SendResult.BackPressure), (takes, left, result));
            Assert.Equal(next + (uint)begun, rig.Store.NextOutgoing);
            Assert.Equal(3 - begun, rig.Session.Counters.TakenBack);
            // The next one takes the number of the first that did not leave, and the peer sees every number once.
            Assert.Equal(SendResult.Sent, rig.Order(14));
            string[] written = rig.TakeWritten();
            Assert.Equal([.. new[] { "11", "12", "13" }.Take(begun), "14"], written.Select(Id));
            Assert.Equal(Enumerable.Range((int)next, begun + 1).Select(n => $"{n}"), written.Select(Number));
            Assert.Empty(rig.TakeTold());
            for (uint n = next; n < rig.Store.NextOutgoing; n++) Assert.True(rig.Store.TryGet(n, out _, out _, out _));
            rig.Store.Dispose();
        }
    }

    [Fact]
    public void With_the_link_gone_none_leaves_and_the_session_is_down()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        uint next = rig.Store.NextOutgoing;
        Gather(rig, 11, 12);
        rig.Takes = -1;
        Assert.Equal(SendResult.Disconnected, rig.Session.WriteGathered(rig.NowNs, out int left));
        Assert.Equal((0, next, FixSessionState.Disconnected), (left, rig.Store.NextOutgoing, rig.Session.State));
        Assert.Equal(["cut LinkLost", "down LinkLost"], rig.TakeTold());
        Assert.Equal(SendResult.Disconnected, rig.Order(13, gathers: true));
    }

    [Fact]
    public void With_the_link_gone_in_the_middle_of_one_that_one_may_have_left()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        uint next = rig.Store.NextOutgoing;
        Gather(rig, 11, 12);
        (rig.Takes, rig.Link) = (5, LinkWrite.Failed);
        Assert.Equal(SendResult.Disconnected, rig.Session.WriteGathered(rig.NowNs, out int left));
        Assert.Equal((1, next + 1, FixSessionState.Disconnected), (left, rig.Store.NextOutgoing, rig.Session.State));
    }

    [Fact]
    public void What_is_let_go_has_never_been()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        uint next = rig.Store.NextOutgoing;
        long records = rig.Store.Records;
        Gather(rig, 11, 12, 13);
        rig.Session.TakeBackGathered();
        Assert.Equal((next, records, 0), (rig.Store.NextOutgoing, rig.Store.Records, rig.Session.GatheredOrders));
        Assert.False(rig.Store.TryGet(next, out _, out _, out _));
        Assert.Equal(SendResult.Sent, rig.Order(14));
        Assert.Equal([("14", $"{next}")], rig.TakeWritten().Select(w => (Id(w), Number(w))));
    }

    [Fact]
    public void A_reader_behind_the_store_sees_none_before_it_has_left()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Session.OnTimer(rig.NowNs, rig.UtcNs);
        var tail = new StoreTail(rig.Store);
        byte[] buffer = new byte[SequenceStore.MaxIncomingBytes];
        Gather(rig, 11, 12, 13);
        Assert.False(tail.TryRead(buffer, out _));
        rig.Takes = 1;
        rig.Session.WriteGathered(rig.NowNs, out int left);
        Assert.Equal(1, left);
        rig.Session.OnTimer(rig.NowNs, rig.UtcNs);
        Assert.True(tail.TryRead(buffer, out var message));
        Assert.Contains("|11=11|", FixSamples.Show(buffer.AsSpan(0, message.Length)), StringComparison.Ordinal);
        Assert.False(tail.TryRead(buffer, out _));
    }

    [Fact]
    public void There_is_room_for_so_many_and_a_segments_end_is_an_end_too()
    {
        var rig = new SessionRig(FixRole.Initiator) { Quiet = true }.Up();
        int rounds = 0, cutShort = 0;
        ulong id = 1;
        // The store's two segments are filled several times over.
        for (int bytes = 0; bytes < 8 * StoreOptions.SegmentBytesMin; rounds++)
        {
            int count = 0;
            for (; rig.Session.CanGather; count++) bytes += Gather(rig, id++)[0];
            Assert.InRange(count, 1, FixSession<SessionRig.Actions>.GatheredOrdersMax);
            if (count < FixSession<SessionRig.Actions>.GatheredOrdersMax) cutShort++;
            rig.Takes = rounds % 2 == 0 ? 0 : int.MaxValue;
            uint next = rig.Store.NextOutgoing;
            rig.Session.WriteGathered(rig.NowNs, out int left);
            Assert.Equal(rounds % 2 == 0 ? 0 : count, left);
            Assert.Equal(next - (uint)(count - left), rig.Store.NextOutgoing);
        }
        Assert.True(cutShort > 2 && rounds > 2 * cutShort, $"{cutShort} of {rounds} ended with the segment");
    }

    [Fact]
    public void A_crash_before_the_write_leaves_them_told_unsent_and_never_sent()
    {
        string path = Path.Combine(_folder, "desk.fixstore");
        uint first;
        using (var store = new SequenceStore(path))
        {
            var rig = new SessionRig(FixRole.Initiator, store: store).Up();
            Assert.Equal(SendResult.Sent, rig.Order(11));
            first = store.NextOutgoing;
            Gather(rig, 12, 13, 14);
            Assert.Equal([("11", $"{first - 1}")], rig.TakeWritten().Select(w => (Id(w), Number(w))));
        }
        using var found = new SequenceStore(path);
        Assert.Equal(first + 3, found.NextOutgoing);
        var again = new SessionRig(FixRole.Initiator, store: found).Connect();
        again.TakeWritten();
        // The peer had everything up to the order that was sent, and misses the rest of ours before the Logon.
        again.Receive("A", found.NextIncoming, "98=0|108=10|").Receive("2", found.NextIncoming, $"7={first}|16=0|");
        string[] written = again.TakeWritten();
        Assert.DoesNotContain(written, w => w.StartsWith('D'));
        Assert.Contains(written, w => w.StartsWith($"4 {first} ", StringComparison.Ordinal) && w.Contains("123=Y", StringComparison.Ordinal));
        Assert.Equal([$"unsent {first} order 12", $"unsent {first + 1} order 13", $"unsent {first + 2} order 14"], again.TakeTold().Where(t => t.StartsWith("unsent", StringComparison.Ordinal)));
        // Asked again, they are not told twice.
        again.Receive("2", found.NextIncoming, $"7={first}|16=0|");
        Assert.DoesNotContain(again.TakeTold(), t => t.StartsWith("unsent", StringComparison.Ordinal));
    }
}
