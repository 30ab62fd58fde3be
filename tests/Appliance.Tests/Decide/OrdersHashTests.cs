using Appliance.Contract;
using Appliance.Flow.Accounts;
using Appliance.Risk;
using Appliance.TestKit;
using Appliance.Tests.Gates;

namespace Appliance.Tests.Decide;

/// <summary>ordersSha256 against digests computed by Python's struct and hashlib from the layout in <see cref="OrdersHash"/>'s comment.</summary>
public class OrdersHashTests
{
    [Fact]
    public void No_orders_hash_to_the_digest_of_nothing()
    {
        using var hash = new OrdersHash();
        // FIPS 180-4, SHA-256 of the empty message.
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", hash.CurrentHex());
    }

    [Fact]
    public void New_amend_and_cancel_of_two_instruments()
    {
        // b"".join(struct.pack("<qQBHBqqB", *r) for r in [
        //   (1, 7000000001, 1, 0, 1, 1000000, 10, 0), (2, 7000000002, 1, 2, 2, 6000000000000, 250000000, 1),
        //   (1 << 40, 7000000003, 2, 0, 1, 1000100, 30, 0), (2**62 - 1, 7000000004, 3, 2, 2, 6000000000000, 250000000, 1)])
        var wide = new WideGate([GateBench.Share, GateBench.Coin], epoch: 7);
        using var hash = new OrdersHash();
        ApprovedOrder Put(OrderIntent intent)
        {
            Assert.Equal(GateVerdict.Approved, wide.Gate.Check(in intent, out ApprovedOrder approved));
            hash.Add(in approved);
            return approved;
        }
        wide.SetMid(2, 60_000_00000000);
        ApprovedOrder first = Put(new() { Kind = OrderRequestKind.New, Side = Side.Buy, PriceUnits = 1_000_000, QuantityUnits = 10, RingSequence = 1 });
        ApprovedOrder second = Put(new()
        {
            Kind = OrderRequestKind.New, Side = Side.Sell, Instrument = 2, PriceUnits = 60_000_00000000, QuantityUnits = 2_50000000, RingSequence = 2,
            TimeInForce = TimeInForce.ImmediateOrCancel,
        });
        wide.Report(in first, ExecutionKind.New, OrderStatus.New);
        Put(new()
        {
            Kind = OrderRequestKind.Amend, Side = Side.Buy, PriceUnits = 1_000_100, QuantityUnits = 30, RingSequence = 1L << 40, OriginalClientOrderId = first.ClientOrderId,
        });
        Put(new() { Kind = OrderRequestKind.Cancel, RingSequence = (1L << 62) - 1, OriginalClientOrderId = second.ClientOrderId });
        Assert.Equal("32282176162c5ffc6e747dfb7147723ed15e39bedb4bd6ccda5f069cbcd2a685", hash.CurrentHex());
        Assert.Equal(4, hash.Orders);
    }

    [Fact]
    public void A_thousand_orders_over_many_blocks_and_asking_between_changes_nothing()
    {
        using var hash = new OrdersHash();
        var wide = new WideGate(GateBench.Share);
        for (int n = 1; n <= 1_000; n++)
        {
            Add(hash, wide, n);
            if (n == 100) Assert.Equal("a7e47cce81b935f20119cb3c6ece096ecff7211b7712e78db0a00d252b15ae6c", hash.CurrentHex());
        }
        Assert.Equal("cd6cae7bf2b6c9650bc1e01d4a8a49cf55cf4266f4010d43286828d61e60a8db", hash.CurrentHex());
    }

    [Fact]
    public void Adding_allocates_nothing()
    {
        using var hash = new OrdersHash();
        var wide = new WideGate(GateBench.Share);
        ApprovedOrder order = wide.New(0, Side.Buy, 1_000_000, 10);
        for (int i = 0; i < 10_000; i++) hash.Add(in order);
        Span<byte> sha256 = stackalloc byte[32];
        hash.Current(sha256);
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100_000; i++) hash.Add(in order);
        hash.Current(sha256);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, allocated);
        Assert.NotNull(hash.CurrentHex());
        Assert.True(GC.GetAllocatedBytesForCurrentThread() > before, "the control allocated a string and was not seen");
    }

    private static void Add(OrdersHash hash, WideGate wide, int n)
    {
        var intent = new OrderIntent
        {
            Kind = OrderRequestKind.New, Side = (Side)(1 + (n & 1)), TimeInForce = (TimeInForce)(n % 4), PriceUnits = 1_000_000 + 100 * (n % 50),
            QuantityUnits = 10 + 10 * (n % 7), RingSequence = n,
        };
        Assert.Equal(GateVerdict.Approved, wide.Gate.Check(in intent, out ApprovedOrder approved));
        hash.Add(in approved);
    }
}
