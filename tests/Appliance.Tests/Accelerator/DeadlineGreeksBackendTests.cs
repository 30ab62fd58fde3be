using Appliance.Contract;
using Appliance.Kernels;
using Appliance.Kernels.Ilgpu;
using Appliance.Tests.Compute;

namespace Appliance.Tests.Accelerator;

/// <summary>Deadline, crossover and taken slots, over a device that answers when the test lets it.</summary>
public class DeadlineGreeksBackendTests
{
    private static readonly IlgpuOptions _patient = new() { DeadlineNs = 60_000_000_000, OptionsMax = 512 };

    /// <summary>Computes at once, and says so when it is let.</summary>
    private sealed class HeldSlot : IGreeksSlot
    {
        private readonly CpuGreeksBackend _processor = new(KernelWidth.Scalar);
        private GreeksBatch _result;
        public bool IsHeld, IsWrong, IsDisposed;
        public int Starts, Taken;
        public bool IsDone => !IsHeld;

        public void Start(in GreeksBatch batch)
        {
            Starts++;
            int n = batch.Count;
            _result = new GreeksBatch
            {
                Spot = batch.Spot, Rate = batch.Rate, Yield = batch.Yield, Count = n, Strike = [.. batch.Strike], Years = [.. batch.Years], Volatility = [.. batch.Volatility], CallPut = [.. batch.CallPut],
                Price = new double[n], Delta = new double[n], Gamma = new double[n], Vega = new double[n], Theta = new double[n], Speed = new double[n],
            };
            _processor.Submit(in _result);
            if (IsWrong) _result.Gamma[n - 1] = Math.BitIncrement(_result.Gamma[n - 1]);
        }

        public void Take(in GreeksBatch batch)
        {
            Taken++;
            _result.Price.CopyTo(batch.Price, 0);
            _result.Delta.CopyTo(batch.Delta, 0);
            _result.Gamma.CopyTo(batch.Gamma, 0);
            _result.Vega.CopyTo(batch.Vega, 0);
            _result.Theta.CopyTo(batch.Theta, 0);
            _result.Speed.CopyTo(batch.Speed, 0);
        }

        public void Dispose() => IsDisposed = true;
    }

    private static GreeksBatch Batch(int count = 100, int seed = 1) => CpuGreeksBackendTests.RandomBatch(count, seed, 0.02, 0.01);

    [Fact]
    public void A_result_is_collected_when_the_device_has_answered_and_not_before()
    {
        HeldSlot first = new(), second = new();
        using var backend = new DeadlineGreeksBackend("held", [first, second], _patient);
        GreeksBatch batch = Batch();
        long ticket = backend.Submit(in batch);
        first.IsHeld = true;
        Assert.NotEqual(0, ticket);
        Assert.False(backend.TryCollect(ticket));
        Assert.Equal(-77, batch.Price[0]);
        first.IsHeld = false;
        Assert.True(backend.TryCollect(ticket));
        ComputeBackendContractTests.AssertScalar(in batch, "held");
        Assert.Equal((1, 0), (backend.OnDevice, backend.DeadlinesMissed));
    }

    [Fact]
    public void A_missed_deadline_is_computed_on_the_processor_and_the_late_answer_touches_nothing()
    {
        var slot = new HeldSlot();
        using var backend = new DeadlineGreeksBackend("held", [slot], _patient with { DeadlineNs = 0 });
        GreeksBatch late = Batch(seed: 2);
        long ticket = backend.Submit(in late);
        slot.IsHeld = true;
        Assert.True(SpinWait.SpinUntil(() => backend.TryCollect(ticket), TimeSpan.FromSeconds(60)));
        ComputeBackendContractTests.AssertScalar(in late, "late");
        Assert.Equal((0, 1), (backend.OnDevice, backend.DeadlinesMissed));

        // The slot is still busy with it: the next batch may not have it, and is computed at once.
        int taken = slot.Taken, starts = slot.Starts;
        GreeksBatch next = Batch(seed: 3);
        Assert.Equal(0, backend.Submit(in next));
        ComputeBackendContractTests.AssertScalar(in next, "next");
        Assert.Equal((1, starts), (backend.SlotsTaken, slot.Starts));

        slot.IsHeld = false;
        Array.Fill(late.Price, -5);
        Assert.True(backend.TryCollect(ticket));
        Assert.Equal(-5, late.Price[0]);
        Assert.Equal(taken, slot.Taken);
        GreeksBatch after = Batch(seed: 4);
        Assert.NotEqual(0, backend.Submit(in after));
    }

    [Fact]
    public void In_the_call_a_missed_deadline_is_made_good_before_it_returns()
    {
        var slot = new HeldAfterProbe();
        using var backend = new DeadlineGreeksBackend("held", [slot], _patient with { DeadlineNs = 1_000, CompletesInCall = true });
        slot.Hold = true;
        GreeksBatch batch = Batch();
        Assert.Equal(0, backend.Submit(in batch));
        ComputeBackendContractTests.AssertScalar(in batch, "in the call");
        Assert.Equal(1, backend.DeadlinesMissed);
    }

    [Fact]
    public void Small_and_oversized_batches_never_reach_the_device()
    {
        var slot = new HeldSlot();
        using var backend = new DeadlineGreeksBackend("held", [slot], _patient with { CrossoverOptions = 50 });
        int starts = slot.Starts;
        foreach (int count in new[] { 0, 1, 49, 513 })
        {
            GreeksBatch batch = Batch(count);
            Assert.Equal(0, backend.Submit(in batch));
            ComputeBackendContractTests.AssertScalar(in batch, count);
        }
        Assert.Equal((4, starts), (backend.OnProcessor, slot.Starts));
        GreeksBatch large = Batch(50);
        Assert.NotEqual(0, backend.Submit(in large));
    }

    [Fact]
    public void A_device_that_differs_in_one_bit_is_noticed_at_the_start()
    {
        using (var backend = new DeadlineGreeksBackend("right", [new HeldSlot(), new HeldSlot()], _patient)) Assert.True(backend.SameBits);
        var wrong = new HeldSlot { IsWrong = true };
        using (var backend = new DeadlineGreeksBackend("wrong", [new HeldSlot(), wrong], _patient)) Assert.False(backend.SameBits);
        Assert.True(wrong.IsDisposed);
    }

    /// <summary>Falls silent with the batch that follows, as a device under another's load would.</summary>
    private sealed class HeldAfterProbe : IGreeksSlot
    {
        private readonly HeldSlot _inner = new();
        public bool Hold;
        public bool IsDone => _inner.IsDone;
        public void Start(in GreeksBatch batch)
        {
            _inner.Start(in batch);
            _inner.IsHeld = Hold;
        }

        public void Take(in GreeksBatch batch) => _inner.Take(in batch);
        public void Dispose() => _inner.Dispose();
    }
}
